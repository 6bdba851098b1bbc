import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { encodeKey, StoreSigner, s3Dialect } from './store-signature.ts'

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const at = new Date('2026-03-01T23:59:58.123Z')

const requests = [
  { method: 'GET', key: "a b/ü+%&=?#/../x//y*()'!", query: {}, headers: {} },
  { method: 'GET', key: '', query: { prefix: 'a b/ü', 'list-type': '2', 'continuation-token': 'A+/=' }, headers: {} },
  { method: 'POST', key: 'large', query: { uploads: '' }, headers: { 'x-amz-meta-one': '  two   three ' } },
  {
    method: 'PUT',
    key: 'part',
    query: { partNumber: '10', uploadId: 'u' },
    headers: { 'content-md5': 'XrY7u+Ae7tCTyyK7j1rNww==', 'content-type': 'text/plain' },
  },
] as const

for (const [place, { method, key, query, headers }] of requests.entries())
  for (const sessionToken of [undefined, 'a-token'])
    test(`signs as AWS's own library does: request ${place}${sessionToken ? ', with a token' : ''}`, async () => {
      const own = { ...credentials, ...(sessionToken ? { sessionToken } : {}) }
      const host = 'movies.s3.eu-west-1.amazonaws.com'
      const path = `/${encodeKey(key)}`
      const sorted = Object.entries(query).sort(([left], [right]) => (left < right ? -1 : 1))
      const signed = new StoreSigner(s3Dialect).sign(
        { method, host, path, query: sorted, headers },
        'eu-west-1',
        own,
        at.getTime(),
      )
      const oracle = new SignatureV4({
        service: 's3',
        region: 'eu-west-1',
        sha256: Sha256,
        uriEscapePath: false,
        credentials: own,
      })
      const message = {
        method,
        protocol: 'https:',
        hostname: host,
        path,
        query: { ...query } as Record<string, string>,
        headers: { ...headers, host, 'x-amz-content-sha256': signed['x-amz-content-sha256'] as string },
      }
      const { headers: theirs } = await oracle.sign(message, { signingDate: at })
      assert.equal(signed.authorization, theirs.authorization)
      assert.equal(signed['x-amz-date'], theirs['x-amz-date'])
    })

test('the key of a day is kept, and not longer', () => {
  const signer = new StoreSigner(s3Dialect)
  const sign = (day: string, secretAccessKey: string) =>
    signer.sign(
      { method: 'GET', host: 'h', path: '/', query: [], headers: {} },
      'r',
      { accessKeyId: 'a', secretAccessKey },
      Date.parse(day),
    ).authorization
  const first = sign('2026-03-01', 'one')
  assert.notEqual(sign('2026-03-02', 'one'), first)
  assert.notEqual(sign('2026-03-01', 'two'), first)
  assert.equal(sign('2026-03-01', 'one'), first)
})
