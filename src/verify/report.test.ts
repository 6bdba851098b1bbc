import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { type MemoryDocument, memorySide } from '../../test/documents/memory-side.ts'
import { type VerificationReport, writeReport } from './report.ts'
import { formatReport } from './report-text.ts'
import { verifyIndexes } from './verify.ts'

const signal = new AbortController().signal

async function reportOfDifferences(): Promise<VerificationReport> {
  const documents: MemoryDocument[] = Array.from({ length: 1200 }, (_, n) => ({ id: `d${n}`, source: '{"a":1}' }))
  const target = documents.slice(3).map((one) => (one.id === 'd9' ? { ...one, source: '{}' } : one))
  target.push({ id: 'new`| line\nfeed', routing: 'r', source: '{}' })
  const { report } = await verifyIndexes(
    {
      source: memorySide(documents, { name: 'https://old:9200' }),
      target: memorySide(target, { name: 'https://new:9200' }),
    },
    {
      signal,
      differencesMax: 2,
      definitionDifferences: [{ path: 'settings.analysis', expected: { a: 1 }, actual: undefined, kind: 'differs' }],
    },
  )
  return { ...report, begun: '2026-01-02T03:04:05.000Z', ended: '2026-01-02T03:04:07.500Z', durationMs: 2500 }
}

const digest = /^[0-9a-f]{32}$/

test('the JSON form is stable', async () => {
  const report = await reportOfDifferences()
  assert.match(report.source.digest, digest)
  assert.match(report.target.digest, digest)
  assert.deepEqual(
    JSON.parse(
      JSON.stringify({ ...report, source: { ...report.source, digest: '' }, target: { ...report.target, digest: '' } }),
    ),
    {
      format: 'indexferry-verification',
      formatVersion: 1,
      verdict: 'different',
      begun: '2026-01-02T03:04:05.000Z',
      ended: '2026-01-02T03:04:07.500Z',
      durationMs: 2500,
      isResumed: false,
      compared: { by: 'bytes', types: 'ignore', sampleShare: 1, isTransformed: false },
      source: {
        name: 'https://old:9200',
        version: 'Memory 1.0',
        index: 'memory',
        readBy: 'file',
        documents: 1200,
        bytes: 8400,
        withoutSource: 0,
        digest: '',
      },
      target: {
        name: 'https://new:9200',
        version: 'Memory 1.0',
        index: 'memory',
        readBy: 'file',
        documents: 1198,
        bytes: 8376,
        withoutSource: 0,
        digest: '',
      },
      buckets: { total: 1024, differing: 5 },
      differences: {
        total: 5,
        counts: { missing: 3, extra: 1, changed: 1, doubled: 0, rejected: 0 },
        isExact: true,
        truncated: true,
        listed: {
          missing: [{ id: 'd0' }, { id: 'd1' }],
          extra: [{ id: 'new`| line\nfeed', routing: 'r' }],
          changed: [{ id: 'd9' }],
          doubled: [],
          rejected: [],
        },
        settled: 0,
        writtenMeanwhile: 0,
        notCompared: 0,
      },
      definitions: [{ path: 'settings.analysis', expected: { a: 1 }, kind: 'differs' }],
      repair: null,
    },
  )
})

test('the readable form is a page to sign', async () => {
  const text = formatReport(await reportOfDifferences()).replaceAll(/`[0-9a-f]{32}`/g, 'DIGEST')
  assert.equal(
    text,
    `# Verification

**DIFFERENT: the sides do not hold the same**

| | source | target |
|--|--|--|
| where | \`https://old:9200\` | \`https://new:9200\` |
| version | Memory 1.0 | Memory 1.0 |
| index | \`memory\` | \`memory\` |
| documents | 1,200 | 1,198 |
| bytes of _source | 8,400 | 8,376 |
| without _source | 0 | 0 |
| digest | DIGEST | DIGEST |

- begun 2026-01-02T03:04:05.000Z, ended 2026-01-02T03:04:07.500Z, 2.5 s
- compared: content, byte for byte
- the digest is the sum of the 128-bit digests of all documents (type, id, routing, content); it does not depend on their order

## Documents that differ: 5

- missing (only in the source): 3
  - \`d0\`
  - \`d1\`
  - and 1 more
- extra (only in the target): 1
  - \`new'\\| line feed\` (routing \`r\`)
- changed (in both, with another content): 1
  - \`d9\`

## Definitions differ: 1

- \`settings.analysis\` (differs): expected \`{"a":1}\`, found nothing


Name and signature: ______________________________   Date: ______________
`,
  )
})

test('is written whole, as JSON or as text by its name, and a folder that is not there is one clear error', async (context) => {
  const folder = await mkdtemp(`${tmpdir()}/indexferry-report-`)
  context.after(() => rm(folder, { recursive: true, force: true }))
  const report = await reportOfDifferences()
  await writeReport(`${folder}/a.json`, report)
  await writeReport(`${folder}/a.json`, report)
  await writeReport(`${folder}/a.md`, report)
  assert.deepEqual(JSON.parse(await readFile(`${folder}/a.json`, 'utf8')), JSON.parse(JSON.stringify(report)))
  assert.equal(await readFile(`${folder}/a.md`, 'utf8'), formatReport(report))
  assert.deepEqual((await readdir(folder)).sort(), ['a.json', 'a.md'])
  await assert.rejects(writeReport(`${folder}/none/a.json`, report), { code: 'FILE_UNREADABLE', exitCode: 8 })
})
