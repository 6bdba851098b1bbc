// AWS Signature Version 4 with AWS's own parts, loaded only when a connection asks for it: they take longer to load than the
// rest of indexferry.
import { createHash } from 'node:crypto'
import { IndexferryError, registerSecret } from '../foundation/errors.ts'
import type { SignableRequest } from './authentication.ts'
import type { Authentication } from './connection.ts'

type SigV4 = Extract<Authentication, { kind: 'sigv4' }>

export type Signer = (request: SignableRequest) => Promise<Record<string, string>>

/** Load balancers and proxies rewrite these. */
const changedOnTheWay = new Set(['accept', 'accept-encoding'])

export function createSigner(authentication: SigV4): Signer {
  let opening: ReturnType<typeof openSignature> | undefined
  return async (request) => {
    opening ??= openSignature(authentication)
    const signature = await opening
    const { node, method, path, query, headers, body } = request
    // OpenSearch Serverless insists on the digest of the body; signing it does no harm elsewhere. With it the signer does not
    // compute one, which it would do in JavaScript.
    const digest = createHash('sha256')
      .update(body ?? '')
      .digest('hex')
    const message = {
      method,
      protocol: node.secure ? 'https:' : 'http:',
      hostname: node.host,
      port: node.port,
      path,
      query: bag(query),
      headers: { ...headers, host: new URL(node.origin).host, 'x-amz-content-sha256': digest },
    }
    const signed = await signature.sign(message, { unsignableHeaders: changedOnTheWay })
    const { host: _sentByTheConnection, ...sent } = signed.headers
    return sent
  }
}

/** Whether AWS's chain finds credentials here. On a machine outside of AWS, its last question, to the instance, takes a second. */
export async function findsAwsCredentials(): Promise<boolean> {
  const { fromNodeProviderChain } = await import('@aws-sdk/credential-providers')
  return fromNodeProviderChain()().then(
    () => true,
    () => false,
  )
}

async function openSignature({ region, service, profile }: SigV4) {
  const [{ SignatureV4 }, { Sha256 }, { fromNodeProviderChain }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
    import('@aws-sdk/credential-providers'),
  ])
  // Environment, profile and SSO, process, web identity, container, and the instance's own credentials last.
  const chain = fromNodeProviderChain(profile === undefined ? {} : { profile })
  let releases: (() => void)[] = []
  const credentials = async () => {
    const found = await chain().catch((error: unknown) => {
      throw noCredentials(error)
    })
    // Session tokens change every hour or so: those before the last are forgotten.
    const former = releases
    releases = [found.secretAccessKey, found.sessionToken].map(registerSecret)
    for (const release of former) release()
    return found
  }
  return new SignatureV4({ service, region, sha256: Sha256, credentials })
}

function noCredentials(error: unknown): IndexferryError {
  const reason = error instanceof Error ? error.message : String(error)
  return new IndexferryError('CREDENTIALS_MISSING', `the AWS credential chain found no credentials: ${reason}`, {
    remedy: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in with the AWS command line.',
    cause: error,
  })
}

function bag(query: SignableRequest['query']): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {}
  for (const [key, value] of query) {
    const before = values[key]
    values[key] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return values
}
