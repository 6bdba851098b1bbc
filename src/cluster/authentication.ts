// Who we are to a cluster: the headers that say so, for each request.
import type { Authentication, NodeAddress } from './connection.ts'
import { createSigner } from './sigv4.ts'

export interface SignableRequest {
  readonly node: NodeAddress
  readonly method: string
  /** With prefix, without query, as it goes over the wire. */
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

export interface Authenticator {
  /** For messages, such as `user admin`; empty without authentication. */
  readonly label: string
  /** Headers that are the same for every request. */
  readonly fixed: Readonly<Record<string, string>>
  /** All headers of one request with its signature; absent where the fixed ones do. */
  readonly sign?: (request: SignableRequest) => Promise<Record<string, string>>
}

export function authenticator(authentication: Authentication): Authenticator {
  switch (authentication.kind) {
    case 'none':
      return { label: '', fixed: {} }
    case 'basic': {
      const { username, password } = authentication
      return { label: `user ${username}`, fixed: { authorization: `Basic ${base64(`${username}:${password}`)}` } }
    }
    case 'apiKey': {
      // `:` is no letter of base64.
      const key = authentication.key.includes(':') ? base64(authentication.key) : authentication.key
      return { label: 'API key', fixed: { authorization: `ApiKey ${key}` } }
    }
    case 'bearer':
      return { label: 'bearer token', fixed: { authorization: `Bearer ${authentication.token}` } }
    case 'sigv4': {
      const { service, region } = authentication
      return { label: `SigV4 ${service} ${region}`, fixed: {}, sign: createSigner(authentication) }
    }
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
