import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { remoteHost } from '../../../test/documents/remote-host.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { parseExactJson, printExactJson } from '../../foundation/exact-json.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ReindexOutcome, ReindexRequest, ReindexStatus } from '../../model/reindex.ts'
import { type GatewayDatabase, openGatewayDatabase } from '../gateway-database.ts'
import type { RunTask, TaskEvent, TaskRunner, TaskStart } from './task.ts'
import { openTaskRunner, type TaskRunnerOptions } from './task-runner.ts'
import { statusBefore } from './task-status.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'indexferry-tasks-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const request: ReindexRequest = {
  remote: undefined,
  source: {
    index: ['a'],
    query: undefined,
    size: 1000,
    isSizeGiven: false,
    fields: { includes: [], excludes: [] },
    sort: undefined,
    slice: undefined,
  },
  dest: {
    index: 'b',
    opType: 'index',
    versionType: 'internal',
    pipeline: undefined,
    routing: 'keep',
    requireAlias: false,
  },
  script: undefined,
  maxDocs: undefined,
  conflicts: 'abort',
  slices: 1,
  requestsPerSecond: Number.POSITIVE_INFINITY,
  scroll: undefined,
  timeout: undefined,
  refresh: false,
  waitForActiveShards: undefined,
}
const remote = remoteHost('https://old:9200', { username: 'ann' })

const start = (change: Partial<TaskStart> = {}): TaskStart => ({
  request,
  description: 'reindex from [a] to [b]',
  clusterHeaders: {},
  headers: {},
  ...change,
})
const done = (status: Partial<ReindexStatus> = {}): ReindexOutcome => ({
  status: { ...statusBefore(request), requestsPerSecond: Number.POSITIVE_INFINITY, ...status },
  tookMs: 5,
  timedOut: false,
  failures: [],
  notes: [],
})

/** Runs that the test ends one by one. */
class Steered {
  readonly runs: { run: Parameters<RunTask>[0]; end: (outcome: ReindexOutcome) => void; fail: (e: unknown) => void }[] =
    []
  readonly run: RunTask = (run) =>
    new Promise((end, fail) => {
      this.runs.push({ run, end, fail })
      run.stop.addEventListener('abort', () => fail(run.stop.reason))
    })
}

interface Opened extends AsyncDisposable {
  readonly database: GatewayDatabase
  readonly tasks: TaskRunner
}

async function open(run: RunTask, change: Partial<TaskRunnerOptions> = {}): Promise<Opened> {
  const database = openGatewayDatabase(folder)
  const options = { database, run, tasksMax: 2, keepFinishedMs: 60_000, ...change }
  const tasks = await openTaskRunner(options).catch((error: unknown) => {
    database[Symbol.dispose]()
    throw error
  })
  tasks.resume()
  const dispose = async () => {
    await tasks[Symbol.asyncDispose]()
    database[Symbol.dispose]()
  }
  return { database, tasks, [Symbol.asyncDispose]: dispose }
}

const never = new AbortController().signal

test('a task has an id of this node, runs, ends and is kept with its outcome', async () => {
  await using opened = await open(async ({ onStatus }) => {
    onStatus({ ...statusBefore(request), total: 3 })
    return done({ total: 3, created: 3 })
  })
  const { tasks } = opened
  assert.match(tasks.nodeId, /^[A-Za-z0-9_-]{22}$/)
  const { id, state } = await tasks.start(start({ headers: { 'X-Opaque-Id': 'mine' } }))
  assert.deepEqual([id, state], [`${tasks.nodeId}:1`, 'running'])
  const record = await tasks.wait(id, undefined, never)
  assert.equal(record?.state, 'completed')
  assert.deepEqual(record.outcome, done({ total: 3, created: 3 }))
  assert.deepEqual(record.headers, { 'X-Opaque-Id': 'mine' })
  assert.deepEqual(tasks.get(id), record)
  assert.deepEqual(tasks.listRunning(), [])
  for (const other of ['x', `${tasks.nodeId}:2`, `${tasks.nodeId}:`, `${tasks.nodeId}:1x`, `${tasks.nodeId}:1:1`, ':1'])
    assert.equal(tasks.get(other), undefined, other)
})

test('so many run at once, the others wait in their order, and numbers are never used again', async () => {
  const steered = new Steered()
  {
    await using opened = await open(steered.run)
    for (let n = 1; n <= 4; n++) assert.equal((await opened.tasks.start(start())).number, n)
    assert.equal(steered.runs.length, 2)
    assert.deepEqual(
      opened.tasks.listRunning().map(({ number }) => number),
      [1, 2, 3, 4],
    )
    steered.runs[0]?.end(done())
    await opened.tasks.wait(`${opened.tasks.nodeId}:1`, undefined, never)
    await turn()
    assert.equal(steered.runs.length, 3)
  }
  const again = new Steered()
  await using opened = await open(again.run, { keepFinishedMs: 0 })
  assert.equal(again.runs.length, 2)
  assert.equal((await opened.tasks.start(start())).number, 5)
  assert.deepEqual(
    opened.tasks.listRunning().map(({ number }) => number),
    [2, 3, 4, 5],
  )
})

test('what a task noted is there when it goes on, position and counters together', async () => {
  const steered = new Steered()
  const partition = (id: string) => ({ kind: 'sequence', id, index: 'a', shard: 0, from: 0, to: 9 }) as const
  const counted = { ...statusBefore(request), total: 18, created: 4, requestsPerSecond: 0.5, slices: [undefined] }
  {
    await using _opened = await open(steered.run)
    await _opened.tasks.start(start())
    const journal = steered.runs[0]?.run.journal
    assert.ok(journal)
    assert.equal(journal.lastStatus(), undefined)
    journal.savePartitions(
      ['p', 'q'].map((id) => ({ partition: partition(id), slice: 0, position: undefined, isDone: false })),
      18,
    )
    assert.equal(journal.lastStatus()?.status.total, 18)
    journal.saveFacts({ restore: { refresh_interval: '1s' } })
    journal.note({ id: 'p', position: 4, isDone: false }, { ...counted, created: 2 })
    journal.note({ id: 'q', position: 9, isDone: true }, { ...counted, created: 3 })
    journal.note({ id: 'p', position: 5, isDone: false }, counted)
  }
  const again = new Steered()
  await using opened = await open(again.run)
  const journal = again.runs[0]?.run.journal
  assert.deepEqual(
    journal?.listPartitions().map(({ partition: { id }, position, isDone }) => [id, position, isDone]),
    [
      ['p', 5, false],
      ['q', 9, true],
    ],
  )
  assert.deepEqual(journal?.lastStatus(), { total: 18, status: counted })
  assert.deepEqual(journal?.facts(), { restore: { refresh_interval: '1s' } })
  assert.deepEqual(opened.tasks.listRunning()[0]?.status, counted)
  again.runs[0]?.end(done())
  await opened.tasks.wait(`${opened.tasks.nodeId}:1`, undefined, never)
  assert.deepEqual(opened.database.all('SELECT * FROM task_partitions'), [])
})

test('the request comes back exactly, whatever numbers are in it', async () => {
  const query = parseExactJson('{"range":{"n":{"gte":12345678901234567890,"lt":1.0,"boost":1e999}}}') as JsonObject
  const asked = { ...request, remote, source: { ...request.source, query } }
  const steered = new Steered()
  await using opened = await open(steered.run)
  await opened.tasks.start(start({ request: asked }))
  const got = steered.runs[0]?.run.request
  assert.equal(printExactJson(got?.source.query), printExactJson(query))
  assert.equal(got?.requestsPerSecond, Number.POSITIVE_INFINITY)
  assert.equal(steered.runs[0]?.run.requestsPerSecond(), Number.POSITIVE_INFINITY)
  assert.equal(got?.remote?.username, 'ann')
  assert.equal(JSON.stringify(got?.dest), JSON.stringify(request.dest))
})

const sensitive = { password: 'pa55-wörd"x', apiKey: 'key-4711', header: 'token-0815', caller: 'Basic dTpodW50ZXIy' }
const secretStart = (): TaskStart =>
  start({
    request: {
      ...request,
      remote: {
        ...remote,
        password: sensitive.password,
        apiKey: sensitive.apiKey,
        headers: { 'x-auth': sensitive.header },
      },
    },
    clusterHeaders: { authorization: sensitive.caller },
  })

const filesHolding = (words: readonly (string | Uint8Array)[]): string[] =>
  readdirSync(folder).filter((name) => {
    const bytes = readFileSync(join(folder, name))
    return words.some((word) => bytes.includes(Buffer.from(word as string)))
  })

test('credentials are sealed while the task runs, and gone when it has ended', async () => {
  const steered = new Steered()
  await using opened = await open(steered.run)
  const { id } = await opened.tasks.start(secretStart())
  const { run, fail } = steered.runs[0] as (typeof steered.runs)[0]
  assert.equal(run.request.remote?.password, sensitive.password)
  assert.equal(run.request.remote?.apiKey, sensitive.apiKey)
  assert.deepEqual(run.request.remote?.headers, { 'x-auth': sensitive.header })
  assert.deepEqual(run.clusterHeaders, { authorization: sensitive.caller })
  const plain = [...Object.values(sensitive), 'hunter2', JSON.stringify(sensitive.password).slice(1, -1)]
  assert.deepEqual(filesHolding(plain), [])
  const sealed = opened.database.get('SELECT sealed FROM tasks')?.sealed as Uint8Array
  assert.notDeepEqual(filesHolding([sealed.subarray(0, 40)]), [], 'what is looked for can be found')
  fail(new IndexferryError('CREDENTIALS_WRONG', `no to ${sensitive.password}, ${sensitive.caller} and hunter2`))
  const record = await opened.tasks.wait(id, undefined, never)
  assert.equal(record?.state, 'failed')
  assert.match(String(record.error?.reason), /^no to \*\*\*, .*\*\*\* and \*\*\*\./)
  assert.deepEqual(filesHolding([...plain, ...parts(sealed)]), [])
})

/** Any piece of the sealed bytes that may be left over. */
const parts = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.floor(bytes.length / 16) }, (_, n) => bytes.subarray(n * 16, n * 16 + 16))

test('a password that is a word takes no name out of the outcome', async () => {
  await using opened = await open(async () => ({
    ...done(),
    failures: [
      { kind: 'bulk', index: 'test-1', type: undefined, id: 'test', cause: { reason: 'bad test' }, status: 400 },
    ],
  }))
  const asked = { ...request, remote: { ...remote, password: 'test' } }
  const { id } = await opened.tasks.start(start({ request: asked }))
  const failure = (await opened.tasks.wait(id, undefined, never))?.outcome?.failures[0]
  assert.deepEqual(failure, { kind: 'bulk', index: 'test-1', id: 'test', cause: { reason: 'bad ***' }, status: 400 })
})

test('without its key file an unfinished task fails and says why; a damaged one is told', async () => {
  const steered = new Steered()
  {
    await using opened = await open(steered.run)
    await opened.tasks.start(secretStart())
  }
  const key = join(folder, 'gateway.key')
  if (process.platform !== 'win32') assert.equal(statSync(key).mode & 0o777, 0o600)
  writeFileSync(key, 'short')
  await assert.rejects(open(steered.run), { code: 'STATE_UNUSABLE', message: /gateway\.key is damaged/ })
  unlinkSync(key)
  await using opened = await open(steered.run)
  const record = await opened.tasks.wait(`${opened.tasks.nodeId}:1`, undefined, never)
  assert.equal(record?.state, 'failed')
  assert.equal(record.error?.type, 'task_secrets_lost_exception')
  assert.match(String(record.error?.reason), /sealed with another key/)
  assert.equal(steered.runs.length, 1)
})

test('one gateway for each state folder; the second is told who has it', async () => {
  await using _opened = await open(new Steered().run)
  await assert.rejects(open(new Steered().run), {
    code: 'GATEWAY_RUNNING',
    message: new RegExp(`process ${process.pid} on `),
  })
})

test('a gateway that was taken over writes nothing more, stops its tasks and tells who waits', async () => {
  const steered = new Steered()
  const events: TaskEvent[] = []
  await using opened = await open(steered.run, { onEvent: (event) => events.push(event) })
  const { id } = await opened.tasks.start(start())
  const waiting = assert.rejects(opened.tasks.wait(id, undefined, never), { code: 'GATEWAY_RUNNING' })
  opened.database.run("UPDATE gateway SET token = 'another'")
  assert.throws(() => opened.tasks.rethrottle(id, 5), { code: 'GATEWAY_RUNNING' })
  await waiting
  assert.ok(steered.runs[0]?.run.stop.aborted)
  assert.equal(events.at(-1)?.kind, 'broken')
  await assert.rejects(opened.tasks.start(start()), { code: 'GATEWAY_RUNNING' })
})

test('waiting ends with the task, the time, the caller or the gateway', async () => {
  const steered = new Steered()
  const opened = await open(steered.run)
  const { tasks } = opened
  const { id } = await tasks.start(start())
  assert.equal((await tasks.wait(id, 1, never))?.state, 'running')
  const gone = new AbortController()
  const waiting = tasks.wait(id, undefined, gone.signal)
  gone.abort(new Error('gone'))
  await assert.rejects(waiting, /gone/)
  assert.equal(await tasks.wait(`${tasks.nodeId}:7`, undefined, never), undefined)
  const last = assert.rejects(tasks.wait(id, undefined, never), { code: 'GATEWAY_STOPPING' })
  await opened[Symbol.asyncDispose]()
  await last
  await assert.rejects(tasks.start(start()), { code: 'GATEWAY_STOPPING' })
})

test('what a stopped task says does not count, and it goes on at the next start', async () => {
  {
    await using opened = await open(
      ({ stop }) => new Promise((end) => stop.addEventListener('abort', () => end(done()))),
    )
    await opened.tasks.start(start())
  }
  await using opened = await open(async () => done({ created: 7 }))
  assert.equal((await opened.tasks.wait(`${opened.tasks.nodeId}:1`, undefined, never))?.outcome?.status.created, 7)
})

test('cancelling shows at once, survives a restart, and ends a task that waits without running it', async () => {
  const steered = new Steered()
  {
    await using opened = await open(steered.run, { tasksMax: 1 })
    const { tasks } = opened
    const [first, second] = [await tasks.start(start()), await tasks.start(start())]
    assert.ok(tasks.cancel(second.id, 'by user request'))
    assert.equal(tasks.get(second.id)?.state, 'cancelled')
    assert.equal(tasks.get(second.id)?.outcome?.status.reasonCancelled, 'by user request')
    assert.ok(!tasks.cancel(second.id, 'by user request'))
    assert.ok(tasks.cancel(first.id, 'by user request'))
    assert.equal(steered.runs[0]?.run.cancel.reason, 'by user request')
    const record = tasks.get(first.id)
    assert.equal(record?.state, 'running')
    assert.equal(record.status.reasonCancelled, 'by user request')
    assert.equal(record.status.requestsPerSecond, Number.POSITIVE_INFINITY)
    assert.ok(Number(record.cancelledAtMs) >= record.startedAtMs)
    assert.ok(tasks.cancel(first.id, 'again'))
  }
  assert.equal(steered.runs.length, 1)
  const again = new Steered()
  await using opened = await open(again.run)
  assert.equal(again.runs[0]?.run.cancel.reason, 'by user request')
  again.runs[0]?.fail(again.runs[0].run.cancel.reason)
  const record = await opened.tasks.wait(`${opened.tasks.nodeId}:1`, undefined, never)
  assert.deepEqual([record?.state, record?.outcome?.status.reasonCancelled], ['cancelled', 'by user request'])
})

test('a new rate holds at once and after a restart', async () => {
  const steered = new Steered()
  {
    await using opened = await open(steered.run)
    const { id } = await opened.tasks.start(start({ request: { ...request, slices: 2, requestsPerSecond: 10 } }))
    const { run } = steered.runs[0] as (typeof steered.runs)[0]
    assert.equal(run.requestsPerSecond(), 10)
    const slice = { ...statusBefore(request), requestsPerSecond: 5 }
    run.onStatus({ ...slice, requestsPerSecond: 10, slices: [slice, undefined] })
    const record = opened.tasks.rethrottle(id, 3)
    assert.equal(run.requestsPerSecond(), 3)
    assert.equal(record?.status.requestsPerSecond, 3)
    assert.deepEqual(
      record?.status.slices?.map((each) => each?.requestsPerSecond),
      [1.5, undefined],
    )
    assert.equal(opened.tasks.rethrottle(`${opened.tasks.nodeId}:9`, 3), undefined)
    opened.tasks.rethrottle(id, Number.POSITIVE_INFINITY)
  }
  const again = new Steered()
  await using _opened = await open(again.run)
  assert.equal(again.runs[0]?.run.requestsPerSecond(), Number.POSITIVE_INFINITY)
})

test('finished tasks are removed when their time is over', async () => {
  {
    await using opened = await open(async () => done())
    const { id } = await opened.tasks.start(start())
    await opened.tasks.wait(id, undefined, never)
  }
  {
    await using opened = await open(async () => done())
    assert.ok(opened.tasks.get(`${opened.tasks.nodeId}:1`))
  }
  await using opened = await open(async () => done(), { keepFinishedMs: 0 })
  assert.equal(opened.tasks.get(`${opened.tasks.nodeId}:1`), undefined)
})

test('a task that cannot be taken is refused: too many wait', async () => {
  await using opened = await open(new Steered().run, { tasksMax: 1 })
  const { database, tasks } = opened
  // Ten thousand flushes to the disk are left to the disk.
  const transaction = database.transaction.bind(database)
  database.transaction = (_durability, work) => transaction('process', work)
  for (let n = 0; n <= 10_000; n++) await tasks.start(start())
  await assert.rejects(tasks.start(start()), { code: 'TASKS_FULL' })
  assert.equal(tasks.listRunning().length, 10_001)
})
