import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { type TestContext, test } from 'node:test'
import { BucketTable } from './bucket-table.ts'
import {
  loadVerificationState,
  removeVerificationState,
  type SideScan,
  saveVerificationState,
} from './verification-state.ts'

async function newFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(`${tmpdir()}/indexferry-state-`)
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function scanOf(seed: number): SideScan {
  const table = new BucketTable(10)
  for (let n = 0; n < 5000; n++) {
    const mixed = Math.imul(n + seed, 0x9e3779b1) >>> 0
    table.addDigest(mixed, mixed, n, 2 ** 32 - 1, seed)
    table.addSize(n - 1)
  }
  const partition = { kind: 'sequence', id: 'i/0/0-9', index: 'i', shard: 0, from: 0, to: 9 } as const
  return {
    table,
    partitions: [
      { partition, position: 5, isDone: false },
      { partition: { ...partition, id: 'x' }, position: undefined, isDone: true },
    ],
    documentsExpected: seed === 1 ? 5000 : undefined,
  }
}

const state = { fingerprint: 'f', begunAt: 12, source: scanOf(1), target: scanOf(2) }

test('what is saved is loaded', async (context) => {
  const folder = await newFolder(context)
  assert.equal(await loadVerificationState(folder, 'f'), undefined)
  await saveVerificationState(`${folder}/new`, state)
  await saveVerificationState(`${folder}/new`, state)
  assert.deepEqual(await loadVerificationState(`${folder}/new`, 'f'), state)
  await removeVerificationState(`${folder}/new`)
  assert.equal(await loadVerificationState(`${folder}/new`, 'f'), undefined)
})

test('a state of another comparison is not used', async (context) => {
  const folder = await newFolder(context)
  await saveVerificationState(folder, state)
  assert.equal(await loadVerificationState(folder, 'g'), undefined)
})

test('a state with any byte changed, or cut off anywhere, is not used', async (context) => {
  const folder = await newFolder(context)
  await saveVerificationState(folder, state)
  const path = `${folder}/verification.state`
  const whole = await readFile(path)
  for (const at of [0, 9, 40, whole.length >> 1, whole.length - 33, whole.length - 1]) {
    const damaged = Buffer.from(whole)
    damaged[at] = (damaged[at] as number) ^ 1
    await writeFile(path, damaged)
    assert.equal(await loadVerificationState(folder, 'f'), undefined, `byte ${at}`)
    await writeFile(path, whole.subarray(0, at))
    assert.equal(await loadVerificationState(folder, 'f'), undefined, `cut at ${at}`)
  }
})

test('what was added while a state is being saved is not in it', async (context) => {
  const folder = await newFolder(context)
  const source = scanOf(1)
  const saving = saveVerificationState(folder, { ...state, source })
  source.table.addDigest(7, 7, 7, 7, 7)
  await saving
  assert.deepEqual(await loadVerificationState(folder, 'f'), state)
})

test('a folder that cannot be written is a state error', async (context) => {
  const folder = await newFolder(context)
  await writeFile(`${folder}/file`, '')
  await assert.rejects(saveVerificationState(`${folder}/file`, state), { code: 'STATE_UNUSABLE' })
})
