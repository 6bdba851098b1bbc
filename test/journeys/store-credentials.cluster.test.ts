// Where the keys to a bucket come from, as a user has them: processes, roles, tokens, containers, and files that change while a move runs.
import assert from 'node:assert/strict'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import type { MoveResult } from '../../src/objectstore/move-objects.ts'
import { startConnectProxy } from '../faults/tunnel-proxies.ts'
import { type ChangingProxy, startChangingProxy } from '../objectstores/changing-proxy.ts'
import { missingFor, type StartedStore, startObjectStore } from '../objectstores/object-stores.ts'
import { clientOf, fill, makeBucket } from '../objectstores/store-sides.ts'
import { Indexferry } from './indexferry.ts'

const skip = missingFor('gofakes3') ?? false
let store: StartedStore
let proxy: ChangingProxy
let bucket: string
/** What the requests to the bucket were signed with. */
const seen: { key: string; token: string | undefined }[] = []
let onRequest: (url: string, token: string | undefined) => Promise<boolean> | boolean = () => false

before(async () => {
  if (skip) return
  store = await startObjectStore('gofakes3')
  bucket = await makeBucket(clientOf(store))
  await fill(clientOf(store), bucket, Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`o${at}`, `${at}`])))
  proxy = await startChangingProxy(store.url, {
    before: async ({ url = '', headers }) => {
      const key = /Credential=([^/]+)/.exec(headers.authorization ?? '')?.[1] ?? ''
      const token = headers['x-amz-security-token']
      seen.push({ key, token: typeof token === 'string' ? token : undefined })
      const hasEnded = await onRequest(url, seen.at(-1)?.token)
      return hasEnded ? { status: 400, code: 'ExpiredToken' } : undefined
    },
  })
})
after(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
})

async function listening(server: Server): Promise<{ url: string } & AsyncDisposable> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Amazon's STS as far as it is asked here; what it was asked is in `calls`. */
function playSts(calls: { action: string; role: string; token: string; scope: string }[]) {
  return createServer((request, response) => {
    void text(request).then((body) => {
      const form = new URLSearchParams(body)
      const [action, role] = [form.get('Action') ?? '', form.get('RoleArn') ?? '']
      const scope = /Credential=(\S+?),/.exec(request.headers.authorization ?? '')?.[1] ?? ''
      calls.push({ action, role, token: form.get('WebIdentityToken') ?? '', scope })
      response.setHeader('content-type', 'text/xml')
      if (role.endsWith('/refused')) {
        const told =
          '<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to assume</Message></Error>'
        response.writeHead(403).end(`<ErrorResponse>${told}</ErrorResponse>`)
        return
      }
      const keys = `<AccessKeyId>of-role</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>of-sts</SessionToken>`
      const end = `<Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>`
      response.end(
        `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>${keys}${end}</Credentials></${action}Result></${action}Response>`,
      )
    })
  })
}

async function installed(files: Readonly<Record<string, string>>) {
  const indexferry = await Indexferry.install()
  await mkdir(indexferry.path('.aws'))
  for (const [name, content] of Object.entries(files)) await writeFile(indexferry.path(name), content)
  const from = `s3://${bucket}?endpoint=${proxy.url}&region=cn-north-1`
  return { indexferry, words: ['object', 'copy', from, indexferry.path('copy')] }
}

const profile = (name: string, lines: readonly string[]) => `[${name}]\n${lines.join('\n')}\n`

test('a process, a role of a profile, a role by option, a token of the web', { skip }, async () => {
  const calls: Parameters<typeof playSts>[0] = []
  await using sts = await listening(playSts(calls))
  const answer = { Version: 1, AccessKeyId: 'of-process', SecretAccessKey: 'process-secret' }
  const config =
    profile('profile process', ['credential_process = node answer.mjs']) +
    profile('profile broken', ['credential_process = node --no-such-option']) +
    profile('profile role', [
      'role_arn = arn:aws-cn:iam::1:role/reader',
      'source_profile = base',
      'region = cn-north-1',
    ]) +
    profile('profile base', ['aws_access_key_id = of-base', 'aws_secret_access_key = base-secret'])
  const program = `console.log(${JSON.stringify(JSON.stringify(answer))})`
  const { indexferry, words } = await installed({ '.aws/config': config, 'answer.mjs': program, token: 'web-token' })
  await using _ = indexferry
  const env = { AWS_ENDPOINT_URL_STS: sts.url }
  const copies = async (more: readonly string[], other: Readonly<Record<string, string>> = {}) => {
    seen.length = 0
    await indexferry.json<MoveResult>([...words, ...more], { env: { ...env, ...other } })
    return [...new Set(seen.map(({ key, token }) => `${key} ${token ?? ''}`))]
  }
  assert.deepEqual(await copies(['--source-profile', 'process']), ['of-process '])
  assert.deepEqual(await copies([], { AWS_PROFILE: 'role' }), ['of-role of-sts'])
  const role = ['--source-role', 'arn:aws-cn:iam::1:role/other', '--source-profile', 'base']
  assert.deepEqual(await copies(role, { AWS_REGION: 'cn-northwest-1' }), ['of-role of-sts'])
  const web = { AWS_WEB_IDENTITY_TOKEN_FILE: indexferry.path('token'), AWS_ROLE_ARN: 'arn:aws:iam::1:role/web' }
  assert.deepEqual(await copies([], web), ['of-role of-sts'])
  assert.deepEqual(
    calls.map(({ action, role: arn, token, scope }) => [action, arn.split('/')[1], token, scope.split('/')[2] ?? '']),
    [
      ['AssumeRole', 'reader', '', 'cn-north-1'],
      ['AssumeRole', 'other', '', 'cn-northwest-1'],
      ['AssumeRoleWithWebIdentity', 'web', 'web-token', ''],
    ],
  )
  const fails = async (more: readonly string[], other: Readonly<Record<string, string>>, message: RegExp) => {
    const expected = { code: 'CREDENTIALS_MISSING', exit: 6 } as const
    const { error } = await indexferry.fails([...words, ...more], expected, { env: { ...env, ...other } })
    assert.match(error.message, message)
  }
  const refused = ['--source-role', 'arn:aws:iam::1:role/refused', '--source-profile', 'base']
  await fails(refused, {}, /cannot assume the role .*refused: AccessDenied: not authorized/)
  await fails([], { ...web, AWS_ROLE_ARN: 'arn:aws:iam::1:role/refused' }, /not authorized to assume/)
  await fails(['--source-profile', 'broken'], {}, /no-such-option/)
  // Through the proxy that the environment names, as requests to stores go.
  await using tunnel = await startConnectProxy({ hosts: { 'sts.example': '127.0.0.1' } })
  const away = { AWS_ENDPOINT_URL_STS: sts.url.replace('127.0.0.1', 'sts.example'), http_proxy: tunnel.url }
  assert.deepEqual(await copies([], { ...away, AWS_PROFILE: 'role' }), ['of-role of-sts'])
  assert.deepEqual(await copies(role, away), ['of-role of-sts'])
  assert.deepEqual(await copies([], { ...away, ...web }), ['of-role of-sts'])
  assert.deepEqual(tunnel.asked, Array(3).fill(new URL(away.AWS_ENDPOINT_URL_STS).host))
})

test('a container that has its keys from an agent with a token of its own', { skip }, async () => {
  await using agent = await listening(
    createServer(({ headers }, response) => {
      const isOurs = headers.authorization === 'pod-token'
      const keys = { AccessKeyId: 'of-pod', SecretAccessKey: 'pod-secret', Token: 'pod' }
      const Expiration = new Date(Date.now() + 3_600_000).toISOString()
      response.writeHead(isOurs ? 200 : 401).end(JSON.stringify(isOurs ? { ...keys, Expiration } : {}))
    }),
  )
  const { indexferry, words } = await installed({ token: 'pod-token' })
  await using _ = indexferry
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: indexferry.path('token'),
  }
  await indexferry.fails(words, { code: 'CREDENTIALS_MISSING', exit: 6 }, { env })
  seen.length = 0
  await indexferry.json<MoveResult>([...words, '--source-metadata-credentials'], { env })
  assert.deepEqual([...new Set(seen.map(({ key, token }) => `${key} ${token}`))], ['of-pod pod'])
})

test('a session that ends in the middle goes on with the one that the file has by then', { skip }, async () => {
  const keys = (token: string) =>
    profile('default', [
      `aws_access_key_id = id-${token}`,
      'aws_secret_access_key = secret',
      `aws_session_token = ${token}`,
    ])
  const { indexferry, words } = await installed({ '.aws/credentials': keys('first') })
  await using _ = indexferry
  let objects = 0
  let renewed: Promise<void> | undefined
  onRequest = async (url, token) => {
    if (!url.includes('list-type')) objects++
    if (objects <= 10) return false
    // Once, and whole: others may be reading it.
    renewed ??= writeFile(indexferry.path('next'), keys('second')).then(() =>
      rename(indexferry.path('next'), indexferry.path('.aws/credentials')),
    )
    await renewed
    return token === 'first'
  }
  seen.length = 0
  try {
    const { copied } = await indexferry.json<MoveResult>([...words, '--transfers', '4'])
    assert.equal(copied, 40)
    assert.deepEqual(new Set(seen.map(({ token }) => token)), new Set(['first', 'second']))
  } finally {
    onRequest = () => false
  }
})
