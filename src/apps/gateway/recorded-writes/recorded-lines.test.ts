// The ids of a bulk body, however it is cut, and the ids that it gets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BulkRecorder, recordedLines } from './recorded-lines.ts'

interface Read {
  readonly ids: Record<string, string[]>
  readonly whole: (string | undefined)[]
  readonly body: string
  readonly made: number
}

async function read(text: string, size: number, change: Partial<BulkRecorder> = {}): Promise<Read> {
  const ids: Record<string, string[]> = {}
  const whole = new Set<string | undefined>()
  let made = 0
  let recorded = 0
  const bytes = Buffer.from(text)
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  )
  const out: Buffer[] = []
  const recorder: BulkRecorder = {
    index: 'orders',
    covers: (name) => name.startsWith('orders'),
    keepsIds: false,
    record: async (found, all) => {
      recorded++
      assert.equal(out.length, recorded - 1, 'nothing goes on before it is recorded')
      for (const [name, list] of found) ids[name] = [...(ids[name] ?? []), ...list]
      for (const name of all) whole.add(name)
    },
    onMadeId: () => made++,
    ...change,
  }
  for await (const part of recordedLines(chunks, recorder)) out.push(part)
  return { ids, whole: [...whole], body: Buffer.concat(out).toString(), made }
}

const body = [
  '{"index":{"_id":"a\\"1","routing":"r"}}',
  '{"n":"{\\"delete\\":{}}"}',
  '',
  '{"create":{"_index":"orders-2","_type":"t","_id":7,"parent":"p"}}',
  '{}',
  '{"delete":{"_id":"gone"}}',
  '{"update":{"_index":"other","_id":"b"}}',
  '{"doc":{}}',
  '{"update":{"_id":"c","_retry_on_conflict":3}}',
  '{"doc":{}}',
  '{"index":{"_id":"d","pipeline":"p"}}',
  '{}',
  '{"index":{"_id":"e","pipeline":"_none"}}',
  '{}',
  '',
].join('\n')

test('ids are found whatever the chunks, and nothing is changed', async () => {
  for (const size of [1, 2, 7, 64, 10_000]) {
    const found = await read(body, size)
    assert.deepEqual(found.ids, { orders: ['a"1', 'gone', 'c', 'd', 'e'], 'orders-2': ['7'] }, `${size}`)
    assert.deepEqual(found.whole, [undefined], 'a pipeline may lead anywhere')
    assert.equal(found.body, body)
    assert.equal(found.made, 0)
  }
})

test('items without an id get one', async () => {
  const nameless = [
    '{"index":{}}',
    '{"n":1}',
    '{ "create" : { "_type" : "t" } }',
    '{"n":2}',
    '{"index":{"_id":null}}',
    '{"n":3}',
  ]
  const others = ['{"index":{"_index":"other"}}', '{"n":4}', '']
  for (const size of [1, 5, 1000]) {
    const { ids, body: sent, made } = await read([...nameless, ...others].join('\n'), size)
    const [a, b, c] = ids.orders ?? []
    assert.equal(made, 3)
    assert.equal(new Set(ids.orders).size, 3)
    assert.equal(
      sent,
      [
        `{"index":{"_id":"${a}"}}`,
        '{"n":1}',
        `{ "create" : {"_id":"${b}", "_type" : "t" } }`,
        '{"n":2}',
        `{"index":{"_id":"${c}"}}`,
        '{"n":3}',
        ...others,
      ].join('\n'),
    )
  }
})

test('a pipeline may lead from another index to one that is recorded, and half a character is what the server makes of it', async () => {
  const line = (more: string) => `{"index":{"_index":"other","_id":"1"${more}}}\n{}\n`
  assert.deepEqual((await read(line(''), 9)).whole, [])
  assert.deepEqual((await read(line(',"pipeline":"p"'), 9)).whole, [undefined])
  assert.deepEqual((await read(line(',"pipeline":"_none"'), 9, { pipeline: 'p' })).whole, [])
  assert.deepEqual((await read(line(''), 9, { pipeline: 'p' })).whole, [undefined])
  assert.deepEqual((await read('{"delete":{"_index":"other","_id":"1"}}\n', 9, { pipeline: 'p' })).whole, [])
  assert.deepEqual((await read('{"delete":{"_id":"a\\ud800"}}\n', 9)).whole, ['orders'])
})

test('what may take its ids from documents, or cannot be read, is looked at as a whole', async () => {
  const nameless = '{"index":{}}\n{"id":"x"}\n'
  assert.deepEqual(await read(nameless, 9, { keepsIds: true }), { ids: {}, whole: ['orders'], body: nameless, made: 0 })
  const made = await read('{"index":{"_type":"t"}}\n{}\n', 9, { answersCreate: true })
  assert.match(made.body, /^\{"index":\{"_id":"[\w-]{20}","op_type":"create","_type":"t"\}\}\n/)
  const broken = '{"index":{"_id":"a"}}\n{}\nwhat is this\n{"index":{"_id":"b"}}\n{}\n'
  for (const size of [1, 30, 1000]) {
    const found = await read(broken, size)
    assert.deepEqual(found.ids, { orders: ['a'] })
    assert.deepEqual(found.whole, [undefined])
    assert.equal(found.body, broken)
  }
  const cut = '{"delete":{"_id":"a"}}'
  const unended = await read(cut, 5)
  assert.deepEqual([unended.ids, unended.body], [{ orders: ['a'] }, cut])
})

test('a large body goes on in parts, each when it is recorded', async () => {
  const many = Array.from(
    { length: 60_000 },
    (_, at) => `{"index":{"_id":"${at}"}}\n{"text":"${'x'.repeat(50)}"}\n`,
  ).join('')
  const found = await read(many, 65_536)
  assert.equal(found.body, many)
  assert.equal(found.ids.orders?.length, 60_000)
})

test('items for a name that is reckoned from the date may be of any index', async () => {
  const line = '{"index":{"_index":"<orders-{now/d}>","_id":"1"}}\n{}\n{"create":{"_index":"<orders-{now/d}>"}}\n{}\n'
  const found = await read(line, 7, { covers: () => true })
  assert.deepEqual([found.ids, found.whole, found.body, found.made], [{}, [undefined], line, 0])
})
