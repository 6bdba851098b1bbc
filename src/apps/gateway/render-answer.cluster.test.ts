// Answers of our own look like the servers': what a server answers as JSON, printed by us, is what it prints itself.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { missingJava, useServer } from '../../../test/servers/servers.ts'
import { parseExactJson } from '../../foundation/exact-json.ts'
import type { JsonValue } from '../../model/json.ts'
import { renderAnswer, usualHeaders } from './render-answer.ts'

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Buffer
}

const get = (base: string, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(base + path, { headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
      answer.on('end', () => {
        const type = answer.headers['content-type'] ?? ''
        resolve({ status: answer.statusCode ?? 0, type, body: Buffer.concat(chunks) })
      })
    })
    sent.on('error', reject).end()
  })

const paths = ['/_nodes/http,os,plugins', '/_cluster/settings?include_defaults=true', '/no-such-index']

const filters = [
  'version.number',
  '*',
  '**',
  'nodes.*.http.max*',
  '**.bound_address',
  'nodes.**.ver*,cluster_name',
  '-nodes.*.plugins',
  '-**.name',
  'nodes,-nodes.*.modules,-nodes.*.plugins',
  'nodes.*.plugins.na*e',
  'nothing.of.this',
  'defaults.cluster.**.interval,-defaults.cluster.info*',
  '**.cluster*.*',
  '-nodes.*.*',
  '*.*.**.publish_address',
]

const forms: readonly [query: string, headers: Record<string, string>][] = [
  ['', {}],
  ['pretty', {}],
  ['pretty=false', {}],
  ['pretty=true&format=json', {}],
  ['format=yaml', {}],
  ['format=cbor', {}],
  ['format=unheard-of', {}],
  ['', { accept: 'application/yaml' }],
  ['', { accept: 'text/html, */*' }],
  ...filters.map((filter): [string, Record<string, string>] => [`filter_path=${encodeURIComponent(filter)}`, {}]),
]

for (const name of ['opensearch-2.19.4', 'elasticsearch-7.10.2'] as const) {
  test(`as ${name} prints`, { skip: missingJava(name) ?? false, timeout: 120_000 }, async () => {
    const { url } = await useServer(name)
    for (const path of paths) {
      const plain = await get(url, path)
      const body = parseExactJson(plain.body.toString()) as JsonValue
      for (const [query, headers] of forms) {
        const own = await get(url, `${path}${path.includes('?') ? '&' : '?'}${query}`, headers)
        const rendered = renderAnswer(
          { status: plain.status, body },
          { query: new URLSearchParams(query), headers },
          usualHeaders,
        )
        const about = `${path} ${query} ${JSON.stringify(headers)}`
        assert.equal(rendered.headers[rendered.headers.indexOf('content-type') + 1], own.type, about)
        const isText = !own.type.includes('cbor')
        if (isText) assert.equal(rendered.body.toString(), own.body.toString(), about)
        else assert.deepEqual(await decoded(rendered.body), await decoded(own.body), about)
      }
    }
  })
}

/** Maps of the servers' are of open length, ours are not: what they say is the same. */
async function decoded(body: Buffer): Promise<unknown> {
  const { decode } = await import('cborg')
  return decode(body)
}

test('what cannot be printed is refused with a reason', () => {
  const rendered = renderAnswer(
    { status: 200, body: { a: 1 } },
    { query: new URLSearchParams('format=smile'), headers: {} },
    usualHeaders,
  )
  assert.equal(rendered.status, 406)
  assert.match(rendered.body.toString(), /not as SMILE/)
})
