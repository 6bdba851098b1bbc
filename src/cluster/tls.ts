// TLS of one connection: its own CAs, client certificate and expected name, read once and checked before the first request.
import { readFileSync } from 'node:fs'
import type { SecureContextOptions } from 'node:tls'
import { IndexferryError, type Side } from '../foundation/errors.ts'
import type { TlsOptions } from './connection.ts'

export interface TlsParameters extends SecureContextOptions {
  readonly rejectUnauthorized: boolean
  readonly servername?: string
}

export function tlsParameters(side: Side, options: TlsOptions): TlsParameters {
  const { caFile, certFile, keyFile, keyPassphrase, serverName, verify } = options
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const missing = certFile === undefined ? 'certificate' : 'key'
    const sentence = `the client certificate of the ${side} has no ${missing}: both files are needed`
    throw new IndexferryError('CONFIG_INVALID', sentence, { side })
  }
  const files = {
    ...(caFile === undefined ? {} : { ca: readPem(side, 'CA file', caFile) }),
    ...(certFile === undefined ? {} : { cert: readPem(side, 'certificate file', certFile) }),
    ...(keyFile === undefined ? {} : { key: readPem(side, 'key file', keyFile) }),
    ...(keyPassphrase === undefined ? {} : { passphrase: keyPassphrase }),
  }
  try {
    // Loaded only where it has something to look at: over plain HTTP, loading it would be a tenth of a short command.
    if (Object.keys(files).length > 0) process.getBuiltinModule('node:tls').createSecureContext(files)
  } catch (error) {
    const names = [caFile, certFile, keyFile].filter(Boolean).join(', ')
    const reason = error instanceof Error ? error.message : String(error)
    const sentence = `the TLS files of the ${side} (${names}) cannot be used: ${reason}`
    throw new IndexferryError('CONFIG_INVALID', sentence, { side, cause: error })
  }
  return { ...files, rejectUnauthorized: verify, ...(serverName === undefined ? {} : { servername: serverName }) }
}

function readPem(side: Side, what: string, path: string): Buffer {
  let pem: Buffer
  try {
    pem = readFileSync(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const sentence = `the ${what} of the ${side} cannot be read: ${reason}`
    throw new IndexferryError('CONFIG_INVALID', sentence, { side, cause: error })
  }
  // OpenSSL takes a CA file without any certificate for an empty list, silently.
  if (pem.includes('-----BEGIN ')) return pem
  throw new IndexferryError('CONFIG_INVALID', `the ${what} of the ${side}, ${path}, is not in PEM format`, { side })
}
