// Bulk tasks of replication, with a replication engine that is ours to arrange.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sleep } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { ReplicationRequest, ReplicationState, ReplicationStatus } from '../../model/replication.ts'
import { fitsPattern } from '../../source/index-expression.ts'
import { openGatewayDatabase } from '../gateway-database.ts'
import type { BulkOperation, BulkRequest, BulkStatus } from './bulk-replication.ts'
import { BulkReplicationRunner } from './bulk-replication-runner.ts'
import type { ReplicationCaller } from './replications.ts'

const caller = { clusterHeaders: { authorization: 'Basic c2VjcmV0IG9mIGEgY2FsbGVy' } }

const asked = (operation: BulkOperation, pattern: string, more: Partial<BulkRequest> = {}): BulkRequest => ({
  operation,
  pattern,
  excluded: [],
  connection: operation === 'start' ? 'leader' : undefined,
  roles: undefined,
  ...more,
})

class World {
  readonly leader: string[]
  readonly states = new Map<string, ReplicationState>()
  readonly others = new Set<string>()
  readonly calls: string[] = []
  readonly requests: ReplicationRequest[] = []
  readonly stoppedBy = new Set<string | undefined>()
  /** Called before each call; may throw or wait. */
  before: (index: string) => void | Promise<void> = () => {}

  constructor(...leader: string[]) {
    this.leader = leader
  }

  async #call(name: string, index: string): Promise<void> {
    this.calls.push(`${name} ${index}`)
    await this.before(index)
  }

  list = (): ReplicationStatus[] =>
    [...this.states].map(([follower, state]) => ({ follower, state }) as ReplicationStatus)

  readonly parts = {
    againAfterMs: 1,
    leaders: {
      listIndexes: async (_: string, pattern: string) => this.leader.filter((name) => fitsPattern(name, pattern)),
    },
    existing: async (names: readonly string[]) => new Set(names.filter((name) => this.others.has(name))),
    matching: async (pattern: string) => [...this.others].filter((name) => fitsPattern(name, pattern)),
    replications: {
      start: async (request: ReplicationRequest) => {
        this.requests.push(request)
        await this.#call('start', request.follower)
        this.states.set(request.follower, 'SYNCING')
      },
      pause: async (index: string) => {
        await this.#call('pause', index)
        this.states.set(index, 'PAUSED')
      },
      resume: async (index: string) => {
        await this.#call('resume', index)
        this.states.set(index, 'SYNCING')
      },
      stop: async (index: string, by: ReplicationCaller | undefined) => {
        await this.#call('stop', index)
        this.states.delete(index)
        this.stoppedBy.add(by?.clusterHeaders.authorization)
        return { unfinishedIndex: undefined }
      },
      status: (follower: string) => this.list().find((each) => each.follower === follower),
      list: () => this.list(),
    },
  }
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-replication-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function withBulk(
  world: World,
  work: (bulk: BulkReplicationRunner) => Promise<void>,
  folder: string | undefined = undefined,
): Promise<void> {
  if (folder === undefined) return withFolder((made) => withBulk(world, work, made))
  using database = openGatewayDatabase(folder)
  await using bulk = new BulkReplicationRunner({ ...world.parts, database })
  bulk.resume()
  await work(bulk)
}

async function ended(bulk: BulkReplicationRunner, task: string): Promise<BulkStatus> {
  for (let waited = 0; bulk.status(task).isRunning; waited += 5) {
    assert.ok(waited < 20_000, 'in vain')
    await sleep(5)
  }
  return bulk.status(task)
}

const names = (count: number, name = 'a'): string[] => Array.from({ length: count }, (_, n) => `${name}-${n}`)

test('all that match are started, but those that are there and those that are left out', async () => {
  const world = new World(...names(25), 'b-1')
  world.others.add('a-3')
  await withBulk(world, async (bulk) => {
    const roles = { leader: 'l', follower: 'f' }
    const task = await bulk.begin(asked('start', 'a*', { roles, excluded: ['a-4', 'a-2*'] }), caller)
    const { failures, ...status } = await ended(bulk, task)
    assert.match(task, /^[\w-]{22}:\d+$/)
    assert.deepEqual([status.operation, status.pattern], ['start', 'a*'])
    assert.deepEqual([status.succeeded, status.pending, status.cancelled], [17, 0, 0])
    const reason = "Can't use same index again for replication. Delete the index:a-3"
    assert.deepEqual(failures, [{ index: 'a-3', reason }])
    assert.equal(world.requests.length, 17)
    assert.deepEqual(world.requests[0]?.roles, roles)
  })
})

test('pause, resume and stop go over the followers that match, in the states in which it can be done', async () => {
  const world = new World()
  for (const name of names(12)) world.states.set(name, 'SYNCING')
  world.states.set('a-5', 'PAUSED')
  world.others.add('a-ordinary')
  await withBulk(world, async (bulk) => {
    const run = async (operation: BulkOperation) => ended(bulk, await bulk.begin(asked(operation, 'a-*'), caller))
    const paused = await run('pause')
    assert.equal(paused.succeeded, 11)
    assert.deepEqual(paused.failures, [
      { index: 'a-5', reason: 'Index a-5 is already paused' },
      { index: 'a-ordinary', reason: 'No replication in progress for index:a-ordinary' },
    ])
    const none = bulk.begin(asked('pause', 'a-5'), caller)
    await assert.rejects(none, { code: 'BULK_EMPTY', message: 'Index a-5 is already paused', fields: { status: 400 } })
    assert.equal((await run('resume')).succeeded, 12)
    assert.equal((await run('stop')).succeeded, 12)
    assert.equal(world.states.size, 0)
    assert.deepEqual([...world.stoppedBy], [caller.clusterHeaders.authorization])
  })
})

test('a pattern that nothing matches is refused, and so is a second task', async () => {
  const world = new World(...names(3))
  let go = () => {}
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  world.before = () => gate
  await withBulk(world, async (bulk) => {
    const empty = { code: 'BULK_EMPTY', message: 'No indices found matching pattern: [x*] on leader cluster' }
    await assert.rejects(bulk.begin(asked('start', 'x*'), caller), empty)
    await assert.rejects(bulk.begin(asked('stop', 'x*'), caller), { code: 'BULK_EMPTY' })
    const task = await bulk.begin(asked('start', 'a*'), caller)
    await assert.rejects(bulk.begin(asked('start', 'a*'), caller), { code: 'BULK_RUNNING' })
    assert.equal(bulk.status(task).pending, 3)
    go()
    assert.equal((await ended(bulk, task)).succeeded, 3)
    assert.throws(() => bulk.cancel(task), { code: 'BULK_UNKNOWN' })
    assert.throws(() => bulk.status('nonsense'), { code: 'BULK_UNKNOWN' })
  })
})

test('a task that is cancelled ends what it has begun, and counts the rest', async () => {
  const world = new World(...names(35))
  await withBulk(world, async (bulk) => {
    let task = ''
    world.before = () => {
      if (task && world.calls.length === 12) bulk.cancel(task)
      return sleep(1)
    }
    task = await bulk.begin(asked('start', '*'), caller)
    const status = await ended(bulk, task)
    assert.deepEqual([status.succeeded, status.cancelled, status.pending], [20, 15, 0])
  })
})

test('what fails for a passing reason is tried again, what fails for good is not', async () => {
  const world = new World('bad', 'slow')
  world.before = (index) => {
    if (index === 'bad') throw new IndexferryError('LEADER_UNSUITABLE', 'it is closed')
    if (world.calls.filter((call) => call === 'start slow').length < 3)
      throw new IndexferryError('CONNECTION_LOST', 'it broke')
  }
  await withBulk(world, async (bulk) => {
    const status = await ended(bulk, await bulk.begin(asked('start', '*'), caller))
    assert.equal(status.succeeded, 1)
    assert.deepEqual(status.failures, [{ index: 'bad', reason: 'it is closed' }])
    assert.equal(world.calls.filter((call) => call === 'start bad').length, 1)
  })
})

test('a task goes on after a restart, and what was done before it was noted is not a failure', async () => {
  await withFolder(async (folder) => {
    const world = new World(...names(25))
    let task = ''
    {
      using database = openGatewayDatabase(folder)
      await using bulk = new BulkReplicationRunner({ ...world.parts, database })
      // Done, and the gateway ends before it knows.
      world.before = async (index) => {
        if (world.calls.length <= 10) return
        world.states.set(index, 'SYNCING')
        throw new IndexferryError('CONNECTION_LOST', 'it broke')
      }
      task = await bulk.begin(asked('start', '*'), caller)
      while (world.calls.length < 20) await sleep(1)
    }
    world.before = (index) => {
      if (world.states.has(index)) throw new IndexferryError('FOLLOWER_EXISTS', 'it is there')
    }
    await withBulk(
      world,
      async (bulk) => {
        const status = await ended(bulk, task)
        assert.deepEqual([status.succeeded, status.failures], [25, []])
      },
      folder,
    )
  })
})

test('replications are listed by the number at the end of their names', async () => {
  const world = new World()
  for (const name of ['a-10', 'a-x', 'a-2', 'b-1']) world.states.set(name, 'SYNCING')
  await withBulk(world, async (bulk) => {
    const listed = bulk.listMatching('a*').map(({ follower }) => follower)
    assert.deepEqual(listed, ['a-2', 'a-10', 'a-x'])
  })
})
