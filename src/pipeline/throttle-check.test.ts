// The user's own check: what its answers, its silence and its absence mean.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IndexferryError } from '../foundation/errors.ts'
import { Throttle } from './throttle.ts'
import { type CheckAnswer, watchCheck } from './throttle-check.ts'

const url = 'http://ops:8080/secret-path'

interface Watched {
  readonly throttle: Throttle
  readonly notes: string[]
  readonly asked: string[]
}

/** Watches until `until`, and ends. */
async function watching(
  { answers, onFailure = 'wait', urls = [url] }: WatchedOptions,
  until: (watched: Watched) => boolean,
): Promise<Watched> {
  const watched: Watched = { throttle: new Throttle(), notes: [], asked: [] }
  const ended = new AbortController()
  const done = watchCheck({
    throttle: watched.throttle,
    url: () => (urls.length > 1 ? urls.shift() : urls[0]),
    ask: async (to) => {
      watched.asked.push(to)
      const answer = answers[Math.min(answers.length, watched.asked.length) - 1]
      if (answer instanceof Error) throw answer
      return typeof answer === 'number' ? { status: answer, retryAfterMs: undefined } : (answer as CheckAnswer)
    },
    everyMs: 1,
    onFailure,
    note: (text) => watched.notes.push(text),
    signal: ended.signal,
  })
  for (let looks = 0; !until(watched); looks++) {
    assert.ok(looks < 2_000, 'it happens')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  ended.abort()
  await done
  return watched
}

interface WatchedOptions {
  readonly answers: readonly (number | Error | CheckAnswer)[]
  readonly onFailure?: 'wait' | 'go-on'
  readonly urls?: (string | undefined)[]
}

const lost = new IndexferryError('CONNECTION_LOST', 'nobody listens there')

describe("the user's check", () => {
  it('lets go on with 2xx, holds with 429 and 503, and shows no path', async () => {
    const seen: (string | undefined)[] = []
    const { notes } = await watching({ answers: [503, 429, 204] }, ({ throttle, asked }) => {
      seen.push(throttle.reason)
      return asked.length > 2 && throttle.reason === undefined
    })
    assert.ok(seen.includes('the check at ops:8080 answers 503'))
    assert.ok(seen.includes('the check at ops:8080 answers 429'))
    assert.ok(!seen.join().includes('secret'))
    assert.deepEqual(notes, [], 'nothing is wrong with it')
  })

  for (const onFailure of ['wait', 'go-on'] as const) {
    it(`holds before the first answer, with ${onFailure}`, async () => {
      const throttle = new Throttle()
      const ended = new AbortController()
      const done = watchCheck({
        throttle,
        url: () => url,
        ask: () => new Promise((_, reject) => ended.signal.addEventListener('abort', () => reject(lost))),
        everyMs: 1,
        onFailure,
        note: () => {},
        signal: ended.signal,
      })
      assert.equal(throttle.reason, 'the check at ops:8080 has not answered yet')
      ended.abort()
      await done
    })
  }

  it('waits where the check fails, tells it once, and goes on when it is back', async () => {
    const { notes } = await watching(
      { answers: [lost, lost, 200] },
      ({ throttle, asked }) => asked.length > 2 && throttle.reason === undefined,
    )
    assert.deepEqual(notes, ['the check at ops:8080 cannot be asked: nobody listens there'])
  })

  it('goes on where the check fails when that is wanted, not when it says no', async () => {
    const reasons: (string | undefined)[] = []
    const { notes } = await watching({ answers: [404, lost, 503], onFailure: 'go-on' }, ({ throttle, asked }) => {
      if (asked.length < 3) reasons.push(throttle.reason)
      return throttle.reason === 'the check at ops:8080 answers 503'
    })
    assert.equal(reasons.at(-1), undefined)
    assert.ok(!reasons.some((reason) => reason?.includes('404')))
    assert.equal(notes.length, 2)
  })

  it('asks again after what it says, within bounds', async () => {
    const later = { status: 503, retryAfterMs: 3_600_000 }
    const { asked } = await watching({ answers: [later] }, ({ throttle }) => throttle.reason !== undefined)
    assert.equal(asked.length, 1)
  })

  it('lets go when the check is taken away, and asks another at once', async () => {
    const other = 'http://other/'
    const { asked } = await watching(
      { answers: [503], urls: [url, other, undefined] },
      ({ asked, throttle }) => asked.length > 1 && throttle.reason === undefined,
    )
    assert.deepEqual(asked, [url, other])
  })
})
