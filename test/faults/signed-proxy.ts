// Stands in front of a real cluster as an Amazon domain does: what is not signed as it must be is refused. The signature is computed
// anew, by Amazon's own library, from nothing but what arrived.
import { createHash } from 'node:crypto'
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'

export interface DomainKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly service: string
}

export interface SeenCall {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly isGood: boolean
}

export interface SignedProxy extends AsyncDisposable {
  readonly url: string
  readonly seen: readonly SeenCall[]
}

export async function startSignedProxy(target: string, keys: DomainKeys): Promise<SignedProxy> {
  const seen: SeenCall[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const body = Buffer.concat(chunks)
      const isGood = await isSigned(request, body, keys)
      seen.push({ method: request.method ?? '', path: request.url ?? '', body: body.toString(), isGood })
      if (isGood) pass(target, request, response, body)
      else refuse(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function isSigned(request: IncomingMessage, body: Buffer, keys: DomainKeys): Promise<boolean> {
  const { authorization = '', ...headers } = request.headers
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? []
  const signed = Object.fromEntries(names.map((name) => [name, String(headers[name])]))
  const { 'x-amz-date': stamp = '', 'x-amz-security-token': _token, ...toSign } = signed
  const date = new Date(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Number.isNaN(date.getTime()) || !names.includes('host')) return false
  const url = new URL(request.url ?? '', 'http://x')
  const { region, service, ...credentials } = keys
  const signer = new SignatureV4({ service, region, sha256: Sha256, credentials })
  const again = await signer.sign(
    {
      method: request.method ?? '',
      protocol: 'http:',
      hostname: '127.0.0.1',
      // Segments and parameters are encoded anew from what they mean.
      path: url.pathname.split('/').map(decodeURIComponent).map(encodeStrictly).join('/'),
      query: Object.fromEntries(url.searchParams),
      headers: { ...toSign, 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') },
    },
    { signingDate: date },
  )
  return again.headers.authorization === authorization
}

/** As Amazon does, which knows fewer plain characters than JavaScript. */
const encodeStrictly = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (plain) => `%${plain.charCodeAt(0).toString(16).toUpperCase()}`)

/** In the words of Amazon. */
function refuse(response: ServerResponse): void {
  const message = 'The request signature we calculated does not match the signature you provided. Check your key.'
  response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ message }))
}

/** As a domain does, it takes the signature off: the cluster behind knows nothing of it. */
function pass(target: string, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const { authorization: _signature, ...headers } = request.headers
  const outward = forward(
    new URL(request.url ?? '', target),
    { method: request.method, headers, agent: false },
    (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers)
      incoming.pipe(response)
    },
  )
  outward.on('error', () => response.destroy())
  outward.end(body)
}
