// Property: whatever two sides hold, the verification names exactly the documents that are not the same on both, and calls equal
// exactly the sides that are. Method: random sides in memory, against a comparison by plain maps. Modelled and not run here: clusters
// (verify.cluster.test.ts).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MemoryDocument, memorySide } from '../../test/documents/memory-side.ts'
import { fc } from '../../test/documents/properties.ts'
import type { DifferenceClass } from './difference.ts'
import type { VerificationOptions } from './verification-options.ts'
import { verifyIndexes } from './verify.ts'

const signal = new AbortController().signal

const documentsUpTo = (count: number): MemoryDocument[] =>
  Array.from({ length: count }, (_, n) => ({ id: `document-${n}`, source: `{"n":${n}}` }))

const nameOf = ({ id, routing }: { id: string; routing?: string | undefined }) => `${id}|${routing ?? ''}`

function expectedDifferences(source: readonly MemoryDocument[], target: readonly MemoryDocument[]) {
  const group = (documents: readonly MemoryDocument[]) => {
    const groups = new Map<string, MemoryDocument[]>()
    for (const one of documents) groups.set(nameOf(one), [...(groups.get(nameOf(one)) ?? []), one])
    return groups
  }
  const [inSource, inTarget] = [group(source), group(target)]
  const expected: [DifferenceClass, string][] = []
  for (const name of new Set([...inSource.keys(), ...inTarget.keys()])) {
    const here = (inSource.get(name) ?? []).map((document) => document.source).sort()
    const there = (inTarget.get(name) ?? []).map((document) => document.source).sort()
    if (here.length === 0) expected.push(['extra', name])
    else if (there.length === 0) expected.push(['missing', name])
    else if (here.length !== there.length) expected.push(['doubled', name])
    else if (here.join() !== there.join()) expected.push(['changed', name])
  }
  return expected.sort()
}

const anyDocument: fc.Arbitrary<MemoryDocument> = fc.record({
  id: fc.oneof(fc.integer({ min: 0, max: 30 }).map(String), fc.string({ unit: 'binary', minLength: 1, maxLength: 8 })),
  routing: fc.option(fc.constantFrom('r1', 'r"2'), { nil: undefined, freq: 3 }),
  source: fc.constantFrom('{}', '{"a":1}', '{"a":1.0}', '{"a": 1}'),
})

test('property: exactly the differing documents are named, whatever the order, the partitions and the batches', async () => {
  const change = fc.constantFrom('keep', 'keep', 'keep', 'keep', 'lose', 'change', 'double')
  const input = fc.record({
    documents: fc.array(fc.tuple(anyDocument, change, fc.integer()), { maxLength: 120 }),
    extra: fc.array(anyDocument, { maxLength: 4 }),
    partitions: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    documentsPerBatch: fc.integer({ min: 1, max: 50 }),
    hasLookup: fc.boolean(),
    memoryBytes: fc.constantFrom(1, 2 ** 26),
  })
  await fc.assert(
    fc.asyncProperty(input, async ({ documents, extra, partitions, documentsPerBatch, hasLookup, memoryBytes }) => {
      const source = documents.map(([document]) => document)
      const carried = documents.flatMap(([document, what, order]) => {
        if (what === 'lose') return []
        if (what === 'double')
          return [
            { document, order },
            { document, order: -order },
          ]
        return [{ document: what === 'change' ? { ...document, source: '{"b":2}' } : document, order }]
      })
      const target = [...carried.sort((a, b) => a.order - b.order).map(({ document }) => document), ...extra]
      const sides = {
        source: memorySide(source, { partitions: partitions[0], documentsPerBatch }),
        target: memorySide(target, { partitions: partitions[1] }),
      }
      const compared = hasLookup ? sides : { source: { ...sides.source, lookup: undefined }, target: sides.target }
      const { differences, report } = await verifyIndexes(compared, { signal, memoryBytes })
      const found = differences.map(({ class: name, key }) => [name, nameOf(key)]).sort()
      const expected = expectedDifferences(source, target)
      assert.deepEqual(found, expected)
      assert.equal(report.verdict, expected.length === 0 ? 'equal' : 'different')
      assert.equal(report.source.digest === report.target.digest, expected.length === 0)
      assert.equal(report.source.documents, source.length)
      assert.equal(report.differences.total, expected.length)
    }),
    { numRuns: 150 },
  )
})

test('equal sides are read once, and nothing is looked up', async () => {
  const documents = documentsUpTo(500)
  const source = memorySide(documents, { partitions: 4 })
  const target = memorySide(documents.toReversed(), { partitions: 2 })
  const { report } = await verifyIndexes({ source, target }, { signal })
  assert.equal(report.verdict, 'equal')
  assert.equal(report.source.digest, report.target.digest)
  assert.deepEqual([source.source.partitionsStarted, target.source.partitionsStarted], [4, 2])
  assert.deepEqual([source.lookup.fetched, target.lookup.fetched], [[], []])
})

test('what became equal until the second look is no difference', async () => {
  const documents = documentsUpTo(100)
  const source = memorySide(documents)
  const target = memorySide(documents.slice(0, 90))
  // The target takes the last documents once the scans are over: the first refresh comes before them.
  let refreshes = 0
  target.lookup.refresh = async () => {
    if (++refreshes === 2) target.source.documents.push(...documents.slice(90))
  }
  const { report } = await verifyIndexes({ source, target }, { signal, recheckAfterMs: 1 })
  assert.equal(report.verdict, 'equal')
  assert.equal(report.differences.settled, 10)
})

test('a document that both scans missed because it was being written is compared one by one', async () => {
  const documents = documentsUpTo(50)
  const source = memorySide([...documents])
  const target = memorySide([...documents])
  const written = { id: 'late', source: '{"n":1}' }
  source.source.later = [written]
  source.lookup.refresh = async () => void source.source.documents.push(written)
  const { report } = await verifyIndexes({ source, target }, { signal })
  assert.deepEqual(report.differences.listed.missing, [{ id: 'late' }])
  assert.equal(report.differences.writtenMeanwhile, 1)
})

test('rejected documents are a class of their own and still make the sides different', async () => {
  const documents = documentsUpTo(20)
  const knownRejected = new Set(['document-3', 'document-4', 'document-5'])
  const sides = {
    source: memorySide(documents),
    target: memorySide(documents.filter(({ id }) => id !== 'document-3' && id !== 'document-7')),
  }
  const { report } = await verifyIndexes(sides, { signal, knownRejected })
  assert.deepEqual(report.differences.listed.rejected, [{ id: 'document-3' }])
  assert.deepEqual(report.differences.listed.missing, [{ id: 'document-7' }])
  assert.equal(report.verdict, 'different')
})

test('definitions that do not fit make the sides different', async () => {
  const sides = { source: memorySide([]), target: memorySide([]) }
  const verdictWith = async (kind: 'differs' | 'note' | 'extra') => {
    const definitionDifferences = [{ path: 'mappings.a.type', expected: 'text', actual: undefined, kind }]
    return (await verifyIndexes(sides, { signal, definitionDifferences })).report.verdict
  }
  assert.equal(await verdictWith('differs'), 'different')
  assert.equal(await verdictWith('note'), 'equal')
  assert.equal((await verifyIndexes(sides, { signal })).report.verdict, 'equal')
})

test('a sample finds every lost document and only the changed ones it contains', async () => {
  const documents = documentsUpTo(2000)
  const changed = documents.map((document) => ({ ...document, source: '{"other":true}' }))
  const sides = { source: memorySide(documents), target: memorySide(changed.slice(0, 1900)) }
  const { report } = await verifyIndexes(sides, { signal, sampleShare: 0.1 })
  assert.equal(report.differences.counts.missing, 100)
  const { changed: found } = report.differences.counts
  assert.ok(found > 120 && found < 260, `${found} changed`)
  const again = await verifyIndexes(sides, { signal, sampleShare: 0.1 })
  assert.deepEqual(again.report.differences, report.differences)
})

test('a transform that prints documents anew is compared by content, and by bytes when asked', async () => {
  const documents = documentsUpTo(30)
  const reprinted = documents.map((document) => ({ ...document, source: document.source.replace(':', ' : ') }))
  const transform = { changes: 'bytes' as const, apply: <Batch>(batch: Batch) => batch }
  const sides = { source: { ...memorySide(documents), transform }, target: memorySide(reprinted) }
  const byContent = await verifyIndexes(sides, { signal })
  assert.deepEqual([byContent.report.verdict, byContent.report.compared.by], ['equal', 'content'])
  const byBytes = await verifyIndexes(sides, { signal, compare: 'bytes' })
  assert.equal(byBytes.report.differences.counts.changed, 30)
})

test('limits: what is beyond them is counted or said to be missing, never called equal', async () => {
  const documents = documentsUpTo(5000)
  const sides = { source: memorySide(documents), target: memorySide([]) }
  const named = await verifyIndexes(sides, { signal, recheckMax: 100, differencesMax: 10 })
  assert.equal(named.differences.length, 100)
  assert.equal(named.report.differences.counts.missing, 5000)
  assert.equal(named.report.differences.listed.missing.length, 10)
  assert.equal(named.report.differences.truncated, true)
  assert.equal(named.report.differences.isExact, true)

  const scanned = await verifyIndexes(sides, { signal, memoryBytes: 1000 * 96, locateScansMax: 2 })
  const { counts, isExact, notCompared } = scanned.report.differences
  assert.equal(isExact, false)
  assert.ok(counts.missing <= 2000 && counts.missing > 1500, `${counts.missing} named`)
  assert.equal(counts.missing + notCompared, 5000)
})

test('property: interrupted anywhere and started again, the result is that of one run', async (context) => {
  const { mkdtemp, rm } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const stateFolder = await mkdtemp(`${tmpdir()}/indexferry-verify-`)
  context.after(() => rm(stateFolder, { recursive: true, force: true }))
  const documents = documentsUpTo(300)
  const changed = documents.map((one, n) => (n % 97 === 5 ? { ...one, source: '{}' } : one)).slice(3)
  const whole = await verifyIndexes({ source: memorySide(documents), target: memorySide(changed) }, { signal })
  const input = fc.record({
    stops: fc.array(fc.integer({ min: 0, max: 45 }), { maxLength: 4 }),
    sourceResumes: fc.boolean(),
    targetResumes: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(input, async ({ stops, sourceResumes, targetResumes }) => {
      for (const stop of [...stops, undefined]) {
        const abort = new AbortController()
        const reason = new Error('stopped')
        const beforeBatch = (batches: number) => batches === stop && abort.abort(reason)
        const sides = {
          source: memorySide(documents, {
            isResumable: sourceResumes,
            beforeBatch: (batches) => void beforeBatch(batches),
          }),
          target: memorySide(changed, { isResumable: targetResumes, partitions: 5 }),
        }
        const options: VerificationOptions = { signal: abort.signal, stateFolder, saveEveryMs: 0 }
        const run = verifyIndexes(sides, options)
        if (stop !== undefined) {
          // A stop that comes after the first scan has ended meets a run that reads the source again, or none.
          const outcome = await run.then(
            () => 'ended',
            (error: unknown) => error,
          )
          assert.ok(outcome === reason || outcome === 'ended')
          continue
        }
        const { report } = await run
        assert.deepEqual(report.differences, whole.report.differences)
        assert.deepEqual({ ...report.source }, { ...whole.report.source })
        assert.deepEqual({ ...report.target }, { ...whole.report.target })
      }
    }),
    { numRuns: 60 },
  )
})

test('a run goes on where the last one stopped: a resumable side is not read again', async (context) => {
  const { mkdtemp, rm } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const stateFolder = await mkdtemp(`${tmpdir()}/indexferry-verify-`)
  context.after(() => rm(stateFolder, { recursive: true, force: true }))
  const documents = documentsUpTo(700)
  const abort = new AbortController()
  const sides = () => ({
    source: memorySide(documents, { partitions: 1 }),
    target: memorySide(documents, { partitions: 1 }),
  })
  const first = sides()
  const stopping = memorySide(documents, { partitions: 1, beforeBatch: (batches) => batches === 60 && abort.abort() })
  await assert.rejects(verifyIndexes({ ...first, source: stopping }, { signal: abort.signal, stateFolder }), {
    name: 'AbortError',
  })
  const second = sides()
  const { report } = await verifyIndexes(second, { signal, stateFolder })
  assert.deepEqual([report.verdict, report.isResumed, second.source.source.batchesRead], ['equal', true, 40])
  const third = sides()
  assert.equal((await verifyIndexes(third, { signal, stateFolder })).report.isResumed, false)
})

test('progress counts both sides', async () => {
  const seen: string[] = []
  const sides = { source: memorySide(documentsUpTo(50)), target: memorySide(documentsUpTo(49)) }
  let last = [0, 0]
  await verifyIndexes(sides, {
    signal,
    onProgress: ({ phase, source, target }) => {
      if (seen.at(-1) !== phase) seen.push(phase)
      if (phase === 'scanning') last = [source.documents, target.documents]
    },
  })
  assert.deepEqual(seen, ['scanning', 'locating', 'rechecking'])
  assert.deepEqual(last, [50, 49])
})

test('an abort in any phase ends it with the reason of the signal', async () => {
  const source = documentsUpTo(300)
  const target = source.slice(1)
  for (const stopIn of ['scanning', 'locating', 'rechecking'] as const) {
    const abort = new AbortController()
    const reason = new Error(`stopped while ${stopIn}`)
    const run = verifyIndexes(
      { source: memorySide(source), target: memorySide(target) },
      {
        signal: abort.signal,
        recheckAfterMs: 1,
        onProgress: ({ phase }) => {
          if (phase === stopIn) abort.abort(reason)
        },
      },
    )
    await assert.rejects(run, (error) => error === reason)
  }
  const waiting = new AbortController()
  const reason = new Error('stopped while waiting')
  const run = verifyIndexes(
    { source: memorySide(source), target: memorySide(target) },
    { signal: waiting.signal, recheckAfterMs: 3_600_000 },
  )
  setTimeout(() => waiting.abort(reason), 50)
  await assert.rejects(run, (error) => error === reason)
})

test('a side that fails stops the other one, and its error is the one that is thrown', async () => {
  const failure = new Error('the target is gone')
  const source = memorySide(documentsUpTo(100_000))
  const beforeBatch = (batches: number) => {
    if (batches === 3) throw failure
  }
  const run = verifyIndexes({ source, target: memorySide(documentsUpTo(100), { beforeBatch }) }, { signal })
  await assert.rejects(run, (error) => error === failure)
  assert.ok(source.source.batchesRead < 1000, `${source.source.batchesRead} batches were read on`)
})
