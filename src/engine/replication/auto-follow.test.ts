// The rules of auto-follow, with a replication engine and a leader that are ours to arrange.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sleep } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type {
  AutoFollowRule,
  ReplicationRequest,
  ReplicationState,
  ReplicationStatus,
} from '../../model/replication.ts'
import { openGatewayDatabase } from '../gateway-database.ts'
import { AutoFollowRules } from './auto-follow.ts'
import { expressionFor, matchRule } from './auto-follow-match.ts'

const ruleOf = (name: string, pattern: string, more: Partial<AutoFollowRule> = {}): AutoFollowRule => ({
  name,
  connection: 'leader',
  pattern,
  excluded: [],
  roles: undefined,
  settings: {},
  followerPattern: undefined,
  ...more,
})

const caller = { clusterHeaders: { authorization: 'Basic c2VjcmV0IG9mIGEgY2FsbGVy' } }

/** A local cluster and a leader in memory. */
class World {
  readonly leader: string[]
  readonly local = new Set<string>()
  readonly requests: ReplicationRequest[] = []
  readonly refused = new Map<string, string>()
  readonly states = new Map<string, ReplicationState>()
  leaderError: Error | undefined
  looks = 0
  startsNow = 0
  startsMost = 0

  constructor(...leader: string[]) {
    this.leader = leader
  }

  readonly parts = {
    leaders: {
      listIndexes: async () => {
        this.looks++
        if (this.leaderError) throw this.leaderError
        return this.leader
      },
    },
    existing: async (names: readonly string[]) => new Set(names.filter((name) => this.local.has(name))),
    replications: {
      start: async (request: ReplicationRequest) => {
        this.startsMost = Math.max(this.startsMost, ++this.startsNow)
        await sleep(1)
        this.startsNow--
        this.requests.push(request)
        const refusal = this.refused.get(request.leaderIndex)
        if (refusal !== undefined) throw new IndexferryError('LEADER_UNSUITABLE', refusal)
        this.local.add(request.follower)
        this.states.set(request.follower, 'SYNCING')
      },
      status: (follower: string) => this.list().find((each) => each.follower === follower),
      list: () => this.list(),
    },
  }

  list(): ReplicationStatus[] {
    return [...this.states].map(([follower, state]) => ({ follower, state }) as ReplicationStatus)
  }

  get followers(): string[] {
    return this.requests.map(({ follower }) => follower).sort()
  }
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'auto-follow-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function withRules(
  world: World,
  work: (rules: AutoFollowRules) => Promise<void>,
  folder: string | undefined = undefined,
): Promise<void> {
  if (folder === undefined) return withFolder((made) => withRules(world, work, made))
  using database = openGatewayDatabase(folder)
  await using rules = new AutoFollowRules({ ...world.parts, database, pollMs: 5 })
  rules.resume()
  await work(rules)
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 5) {
    assert.ok(waited < 20_000, `in vain: ${what}`)
    await sleep(5)
  }
}

test('indexes that match are followed, those that are there and those that come, and others are not', async () => {
  const world = new World('books-1', 'films-1', '.books-2')
  await withRules(world, async (rules) => {
    const roles = { leader: 'l', follower: 'f' }
    await rules.put(ruleOf('r', 'books*', { roles, settings: { 'index.number_of_replicas': 0 } }), caller)
    await until('the first', () => world.requests.length === 1)
    world.leader.push('books-new')
    await until('the new one', () => world.requests.length === 2)
    assert.deepEqual(world.followers, ['books-1', 'books-new'])
    assert.deepEqual(world.requests[0]?.roles, roles)
    assert.deepEqual(world.requests[0]?.settings, { 'index.number_of_replicas': 0 })
    assert.equal(rules.list()[0]?.started, 2)
    assert.equal(rules.list()[0]?.failed, 0)
  })
})

test('no more than three are begun at a time', async () => {
  const world = new World(...Array.from({ length: 30 }, (_, n) => `a-${n}`))
  await withRules(world, async (rules) => {
    await rules.put(ruleOf('r', '*'), caller)
    await until('all of them', () => world.requests.length === 30)
    assert.equal(world.startsMost, 3)
  })
})

test('while many are copied for the first time, no more are begun', async () => {
  const world = new World('a')
  for (let n = 0; n < 200; n++) world.states.set(`other-${n}`, 'BOOTSTRAPPING')
  await withRules(world, async (rules) => {
    await rules.put(ruleOf('r', 'a'), caller)
    await until('some looks', () => world.looks > 5)
    assert.equal(world.requests.length, 0)
    world.states.set('other-0', 'SYNCING')
    await until('the start', () => world.requests.length === 1)
  })
})

test('indexes that are there on the follower are left alone and are no failures', async () => {
  const world = new World('books-1', 'books-2')
  world.local.add('books-1')
  await withRules(world, async (rules) => {
    await rules.put(ruleOf('r', 'books*'), caller)
    await until('the other', () => world.requests.length === 1)
    await until('some looks', () => world.looks > 5)
    assert.deepEqual(world.followers, ['books-2'])
    assert.deepEqual(rules.list()[0]?.failures, [])
  })
})

test('a failure is listed with its reason, not repeated at once, and gone when the leader has the index no more', async () => {
  const world = new World('bad', 'good')
  world.refused.set('bad', 'it cannot be')
  await withRules(world, async (rules) => {
    await rules.put(ruleOf('r', '*'), caller)
    await until('both', () => world.requests.length === 2)
    await until('some looks', () => world.looks > 10)
    assert.equal(world.requests.length, 2)
    const [status] = rules.list()
    assert.equal(status?.started, 1)
    assert.equal(status?.failed, 1)
    assert.deepEqual(status?.failures, [{ index: 'bad', reason: 'it cannot be' }])
    world.leader.splice(0, 1)
    await until('nothing failed', () => rules.list()[0]?.failed === 0)
  })
})

test('a leader that is away is counted, asked more rarely, and said to be away', async () => {
  const world = new World('a')
  await withRules(world, async (rules) => {
    await rules.put(ruleOf('r', '*'), caller)
    await until('the first', () => world.requests.length === 1)
    world.leaderError = new IndexferryError('CONNECTION_REFUSED', 'nothing listens')
    await until('a failed call', () => rules.list()[0]?.failedLeaderCalls === 1)
    assert.equal(rules.list()[0]?.leaderFailure, 'nothing listens')
    const { looks } = world
    await sleep(100)
    assert.equal(world.looks, looks)
  })
})

test('a rule for a connection that is not there is refused and not kept', async () => {
  const world = new World()
  world.leaderError = new IndexferryError('REMOTE_UNKNOWN', 'no such remote cluster: [leader]')
  await withRules(world, async (rules) => {
    await assert.rejects(rules.put(ruleOf('r', '*'), caller), { code: 'REMOTE_UNKNOWN' })
    assert.deepEqual(rules.list(), [])
    assert.throws(() => rules.remove('leader', 'r'), { code: 'RULE_UNKNOWN' })
  })
})

test('rules outlive a restart with their credentials sealed, and a rule that is removed starts nothing any more', async () => {
  await withFolder(async (folder) => {
    const first = new World('a-1')
    await withRules(
      first,
      async (rules) => {
        await rules.put(ruleOf('r', 'a*', { excluded: ['a-x*'], followerPattern: '{{leader_index}}-copy' }), caller)
        await until('the first', () => first.requests.length === 1)
      },
      folder,
    )
    const second = new World('a-1', 'a-2', 'a-x1')
    second.local.add('a-1-copy')
    await withRules(
      second,
      async (rules) => {
        await until('the second', () => second.requests.length === 1)
        assert.deepEqual(second.followers, ['a-2-copy'])
        assert.deepEqual(rules.list()[0]?.rule.excluded, ['a-x*'])
        rules.remove('leader', 'r')
        assert.deepEqual(rules.list(), [])
        second.leader.push('a-3')
        await sleep(50)
        assert.deepEqual(second.followers, ['a-2-copy'])
      },
      folder,
    )
    const third = new World('a-9')
    await withRules(third, async (rules) => assert.deepEqual(rules.list(), []), folder)
  })
})

test('the same rule again replaces it', async () => {
  const world = new World('a-1', 'b-1')
  await withRules(world, async (rules) => {
    await rules.put(ruleOf('r', 'a*'), caller)
    await until('the first', () => world.requests.length === 1)
    await rules.put(ruleOf('r', 'b*'), caller)
    await until('the second', () => world.requests.length === 2)
    assert.deepEqual(world.followers, ['a-1', 'b-1'])
    assert.equal(rules.list().length, 1)
    world.leader.push('a-2')
    await until('some looks', () => world.looks > 12)
    assert.equal(world.requests.length, 2)
  })
})

test('rules of one caller ask the leader once for all of them', async () => {
  const world = new World('a-1', 'b-1')
  await withRules(world, async (rules) => {
    for (const name of ['a', 'b', 'c']) await rules.put(ruleOf(name, `${name}*`), caller)
    await until('both', () => world.requests.length === 2)
    const before = world.looks
    const times = rules.list().map(({ lastLookMs }) => lastLookMs)
    await until('a look', () => world.looks >= before + 10)
    assert.equal(times.length, 3)
    assert.ok(rules.list().every(({ lastLookMs }) => lastLookMs !== undefined))
  })
})

test('patterns, exclusions and names of followers', () => {
  const names = ['a-1', 'a-2', 'b-1', '.system']
  const followers = (rule: AutoFollowRule) => matchRule(rule, names).map(({ follower }) => follower)
  assert.deepEqual(followers(ruleOf('r', '*')), ['a-1', 'a-2', 'b-1'])
  assert.deepEqual(followers(ruleOf('r', '_all')), ['a-1', 'a-2', 'b-1'])
  assert.deepEqual(followers(ruleOf('r', '*,-a*')), ['b-1'])
  assert.deepEqual(followers(ruleOf('r', '.*')), [])
  assert.deepEqual(followers(ruleOf('r', 'a-1, b*')), ['a-1', 'b-1'])
  assert.deepEqual(followers(ruleOf('r', '*', { excluded: ['a-1,b*'] })), ['a-2'])
  assert.deepEqual(followers(ruleOf('r', 'a-1', { followerPattern: 'x-{{leader_index}}-{{leader_index}}' })), [
    'x-a-1-a-1',
  ])
  assert.equal(expressionFor([ruleOf('r', 'a*,-ab*'), ruleOf('s', 'b,a*')]), 'a*,b')
  assert.equal(expressionFor([ruleOf('r', 'x'.repeat(3_000))]), '*')
})
