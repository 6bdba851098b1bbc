// Bulk bodies and their answers cut at random places, against the same done in one piece.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '../../../../test/faults/seeded-chance.ts'
import { type ActionLine, readActionLine } from './action-line.ts'
import { allowedLines, type BulkReport } from './allowed-lines.ts'
import { answerOfRefused, BulkAnswerMerger, refusedItem, withRefused } from './merge-bulk-answer.ts'

type Chance = () => number

const upTo = (chance: Chance, limit: number): number => Math.floor(chance() * limit)

function cut(bytes: Buffer, chance: Chance): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + upTo(chance, chance() < 0.5 ? 3 : 400)
    parts.push(bytes.subarray(at, at + length))
    at += length
  }
  return parts
}

interface Item {
  readonly lines: string
  readonly isRefused: boolean
  readonly isItem: boolean
}

const texts = ['', 'plain', 'with "quotes" and \\', 'ünïcödé 東京', '\n\t{}[]', '{"index":{"_index":"follower"}}']

function randomItem(chance: Chance): Item {
  if (chance() < 0.05)
    return { lines: ['\n', '  \n', '\r\n'][upTo(chance, 3)] as string, isRefused: false, isItem: false }
  const isRefused = chance() < 0.4
  const index = isRefused ? ['follower', 'alias'][upTo(chance, 2)] : ['other', undefined, 'follower2'][upTo(chance, 3)]
  const action = ['index', 'create', 'update', 'delete'][upTo(chance, 4)] as string
  const facts = { ...(chance() < 0.5 ? { _id: texts[upTo(chance, texts.length)] } : {}), _index: index, routing: 'r' }
  const spaced = chance() < 0.2
  let line = JSON.stringify({ [action]: facts }, undefined, spaced ? ' ' : undefined).replaceAll('\n', ' ')
  if (chance() < 0.1) line = `/* why */ ${line}\r`
  if (chance() < 0.1) line = line.replace('"_index"', '"_\\u0069ndex"')
  const document = action === 'delete' ? '' : `${JSON.stringify({ text: texts[upTo(chance, texts.length)] })}\n`
  return { lines: `${line}\n${document}`, isRefused, isItem: true }
}

const judge = (name: string) =>
  name === 'follower' ? 'follower' : name === 'alias' ? Promise.resolve('follower') : undefined

async function filter(parts: readonly Buffer[]): Promise<{ kept: string; report: BulkReport }> {
  const report: BulkReport = { items: 0, refused: [] }
  const kept: Buffer[] = []
  for await (const part of allowedLines(parts, report, { index: 'default', judge })) kept.push(Buffer.from(part))
  return { kept: Buffer.concat(kept).toString(), report }
}

test('however a body is cut, what is for followers is taken out and the rest is as it came', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const chance = seededChance(seed)
    const items = Array.from({ length: upTo(chance, 40) }, () => randomItem(chance))
    const body = Buffer.from(items.map(({ lines }) => lines).join(''))
    const { kept, report } = await filter(cut(body, chance))
    const allowed = items.filter(({ isRefused }) => !isRefused)
    assert.equal(kept, allowed.map(({ lines }) => lines).join(''), `seed ${seed}`)
    const all = items.filter(({ isItem }) => isItem)
    assert.equal(report.items, all.length, `seed ${seed}`)
    const positions = [...all.keys()].filter((at) => all[at]?.isRefused)
    assert.deepEqual(
      report.refused.map(({ position }) => position),
      positions,
      `seed ${seed}`,
    )
  }
})

test('however an answer is cut, refused items get into their places', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const chance = seededChance(seed)
    const line: ActionLine = { action: 'index', index: 'follower', type: undefined, id: 'é"\\' }
    const count = 1 + upTo(chance, 30)
    const isRefused = Array.from({ length: count }, () => chance() < 0.5)
    const refused = [...isRefused.keys()]
      .filter((position) => isRefused[position])
      .map((position) => ({ position, line, follower: 'follower' }))
    const own = isRefused
      .filter((each) => !each)
      .map(() => ({
        index: { _id: texts[upTo(chance, texts.length)], error: { a: { b: ['}', ']', {}] } }, status: 200 },
      }))
    const answer = { took: 3, errors: chance() < 0.5, ingest_took: 7, items: own }
    const merger = new BulkAnswerMerger(refused, false)
    const parts = cut(Buffer.from(JSON.stringify(answer)), chance).map((part) => merger.push(part))
    const merged = JSON.parse(Buffer.concat([...parts, merger.end()]).toString())
    let next = 0
    const items = isRefused.map((each, position) =>
      each ? refusedItem({ position, line, follower: 'follower' }, false) : own[next++],
    )
    const errors = refused.length > 0 ? true : merged.errors
    assert.deepEqual(merged, { took: 3, errors, ingest_took: 7, items }, `seed ${seed}`)
    if (refused.length > 0) assert.deepEqual(withRefused(answer as never, refused, false), merged, `seed ${seed}`)
  }
})

test('what is no action ends the call, whatever follows', async () => {
  for (const line of ['garbage', '{"index":1}', '{"nonsense":{}}', '{"index":{"_index":"follower"', '[]', '{}']) {
    const parts = [Buffer.from(`{"delete":{"_index":"other","_id":"1"}}\n${line}\n{"a":1}\n`)]
    await assert.rejects(filter(parts), { code: 'REQUEST_MALFORMED' }, line)
  }
  await assert.rejects(filter([Buffer.alloc(2_000_000, ' ')]), { code: 'REQUEST_MALFORMED' })
})

test('a body that does not end with a line feed does not end with one afterwards', async () => {
  const refused = await filter([Buffer.from('{"index":{"_index":"follower"}}\n{"a":1}')])
  assert.equal(refused.kept.endsWith('\n'), false)
  assert.notEqual(refused.kept, '')
  const open = '{"delete":{"_index":"follower","_id":"1"}}'
  assert.equal((await filter([Buffer.from(open)])).kept, open)
})

test('action lines as the servers read them', () => {
  const read = (text: string) => readActionLine(Buffer.from(text))
  assert.deepEqual(read('{"index":{"_index":"a","_type":"t","_id":7}}'), {
    action: 'index',
    index: 'a',
    type: 't',
    id: '7',
  })
  assert.deepEqual(read('{index:{_index:"a",_id:null}}'), {
    action: 'index',
    index: 'a',
    type: undefined,
    id: undefined,
  })
  assert.deepEqual(read('{"delete":{"_index":"a","_index":"b"}}'), {
    action: 'delete',
    index: 'b',
    type: undefined,
    id: undefined,
  })
  assert.equal(read(' \r'), 'blank')
  assert.equal(read('7'), undefined)
})

test('an answer to refused items alone', () => {
  const line: ActionLine = { action: 'create', index: 'alias', type: undefined, id: undefined }
  const reason = 'index [f] blocked by: [FORBIDDEN/1000/index read-only(cross-cluster-replication)];'
  assert.deepEqual(answerOfRefused([{ position: 0, line, follower: 'f' }], true), {
    took: 0,
    errors: true,
    items: [
      {
        create: {
          _index: 'f',
          _type: '_doc',
          _id: null,
          status: 403,
          error: { type: 'cluster_block_exception', reason },
        },
      },
    ],
  })
})

test('what is kept of refused items until the answer has a limit in bytes, too', async () => {
  const line = Buffer.from(`{"delete":{"_index":"follower","_id":"${'x'.repeat(900_000)}"}}\n`)
  await assert.rejects(filter(Array.from({ length: 80 }, () => line)), { code: 'REQUEST_TOO_LARGE' })
})
