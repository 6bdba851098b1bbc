import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { IndexferryError } from '../foundation/errors.ts'
import type { Cluster } from './cluster.ts'
import { GatheredCalls, type GatheredQuestion } from './gathered-calls.ts'

const signal = new AbortController().signal
const noCluster = {} as Cluster

/** Remembers what was asked for; `askMany` waits until it is let go. */
class Questions {
  readonly asked: string[] = []
  hold: Promise<void> = Promise.resolve()
  refuses: IndexferryError | undefined
  readonly calls: GatheredCalls<string>
  private heard = Promise.withResolvers<void>()

  constructor(patienceMs = 60_000) {
    this.calls = new GatheredCalls<string>(noCluster, this.question, patienceMs)
  }

  /** Resolves when the next question has come to the cluster. */
  async next(): Promise<void> {
    await this.heard.promise
    this.heard = Promise.withResolvers()
  }

  private readonly question: GatheredQuestion<string> = {
    askMany: async (_, indexes) => {
      this.asked.push(indexes.join(','))
      this.heard.resolve()
      await this.hold
      if (this.refuses) throw this.refuses
      return new Map(indexes.filter((index) => index !== 'gone').map((index) => [index, `many ${index}`]))
    },
    askOne: async (_, index) => {
      this.asked.push(index)
      this.heard.resolve()
      await this.hold
      if (index === 'gone') throw new IndexferryError('INDEX_MISSING', 'gone')
      return `one ${index}`
    },
  }
}

describe('gathered calls', () => {
  it('asks once for all who ask in the same turn', async () => {
    const questions = new Questions()
    const answers = await Promise.all(['a', 'b', 'a'].map((index) => questions.calls.get(index, signal)))
    assert.deepEqual(answers, ['many a', 'many b', 'many a'])
    assert.deepEqual(questions.asked, ['a,b'])
  })

  it('asks once more for those who come while a call is under way', async () => {
    const questions = new Questions()
    const held = Promise.withResolvers<void>()
    questions.hold = held.promise
    const first = questions.calls.get('a', signal)
    await questions.next()
    const others = ['a', 'b', 'c'].map((index) => questions.calls.get(index, signal))
    await sleep(5)
    assert.deepEqual(questions.asked, ['a'])
    held.resolve()
    assert.equal(await first, 'one a')
    assert.deepEqual(await Promise.all(others), ['many a', 'many b', 'many c'])
    assert.deepEqual(questions.asked, ['a', 'a,b,c'])
  })

  it('does not wait for a call that is never answered', async () => {
    const questions = new Questions(20)
    questions.hold = new Promise(() => {})
    questions.calls.get('a', signal).catch(() => {})
    await questions.next()
    questions.hold = Promise.resolve()
    assert.equal(await questions.calls.get('b', signal), 'one b')
  })

  it('tells what is wrong with one index to those who asked for it alone', async () => {
    const questions = new Questions()
    const [a, gone, b] = await Promise.allSettled(['a', 'gone', 'b'].map((index) => questions.calls.get(index, signal)))
    assert.deepEqual([a?.status, gone?.status, b?.status], ['fulfilled', 'rejected', 'fulfilled'])
    // It is asked for by itself for a while.
    await Promise.allSettled(['a', 'gone', 'b'].map((index) => questions.calls.get(index, signal)))
    assert.deepEqual(questions.asked, ['a,gone,b', 'gone', 'gone', 'a,b'])
  })

  it('asks for each by itself when the cluster refuses the list', async () => {
    const questions = new Questions()
    questions.refuses = new IndexferryError('PRIVILEGE_MISSING', 'not all of them')
    const answers = await Promise.all(['a', 'b'].map((index) => questions.calls.get(index, signal)))
    assert.deepEqual(answers, ['one a', 'one b'])
  })

  it('tells all that the cluster is away', async () => {
    const questions = new Questions()
    questions.refuses = new IndexferryError('CONNECTION_REFUSED', 'away')
    const results = await Promise.allSettled(['a', 'b'].map((index) => questions.calls.get(index, signal)))
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    assert.deepEqual(questions.asked, ['a,b'])
  })

  it('lets go who does not want to wait any more', async () => {
    const questions = new Questions()
    questions.hold = new Promise(() => {})
    const impatient = new AbortController()
    const asked = questions.calls.get('a', impatient.signal)
    impatient.abort(new Error('enough'))
    await assert.rejects(asked, /enough/)
  })
})
