// The streams of a migration in this process: the one that is followed, and the shadow of the next one, which is the way back.
import { monotonicMs, sleep } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import type { ReachedUnit, Stream, Streams } from './migration-context.ts'

export class MigrationStreams implements AsyncDisposable {
  private readonly streams: Streams
  private followed: Stream | undefined
  private shadow: Stream | undefined

  constructor(streams: Streams) {
    this.streams = streams
  }

  /** Begun unless it runs; throws what ended it. */
  follow(number: number): Stream {
    if (this.followed && this.followed.number !== number) throw otherStream(number)
    this.followed ??= this.streams.start(number, {})
    return running(this.followed)
  }

  followShadow(number: number, units: readonly CopyUnit[]): Stream {
    this.shadow ??= this.streams.start(number, { shadowOf: units })
    return running(this.shadow)
  }

  /** Nobody waits any more. */
  calm(): void {
    this.followed?.hurry(false)
    this.followed?.sweepFrom(undefined)
  }

  async stopFollowed(): Promise<void> {
    const stream = this.followed
    await stream?.stop()
    this.followed = undefined
  }

  async stopShadow(): Promise<void> {
    await this.shadow?.stop()
    this.shadow = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.stopFollowed(), this.stopShadow()])
    this.streams.close()
  }
}

const otherStream = (number: number): IndexferryError =>
  new IndexferryError('INTERNAL', `another stream than ${number} is still followed`)

function running(stream: Stream): Stream {
  if (!stream.ended) return stream
  const { error } = stream.ended
  throw error ?? new IndexferryError('PAUSED', 'following was paused')
}

const lookEveryMs = 50

/** Until every unit of the stream is where it is wanted. */
export async function untilReached(
  stream: Stream,
  units: readonly CopyUnit[],
  isThere: (reached: ReachedUnit) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    running(stream)
    const missing = units.find(({ name }) => {
      const reached = stream.reached.get(name)
      if (reached?.status.state === 'stopped') throw unitStopped(name, reached)
      return !reached || !isThere(reached)
    })
    if (!missing) return
    await sleep(lookEveryMs, signal)
  }
}

const unitStopped = (unit: string, { status }: ReachedUnit): IndexferryError =>
  new IndexferryError(
    'MIGRATION_NOT_READY',
    `the index ${unit} is no longer followed: ${String(status.error?.message ?? 'it was stopped')}`,
  )

/** What is told of an instant is rounded by up to a millisecond. */
const roundingMs = 2

/** Everything of before this instant is there, writes and deletes. */
function everythingUntil(instantMs: number): (reached: ReachedUnit) => boolean {
  const least = instantMs + roundingMs
  return ({ status, writesUpToMs = -1, deletesUpToMs = -1 }) =>
    status.operationsBehind === 0 && writesUpToMs > least && deletesUpToMs > least
}

/**
 * Called when nothing that may still be missed can happen any more. Resolves when the stream has carried all of it. Documents that a sweep has
 * seen and that could not be read as they were seen are no proof; then another sweep has to find everything as it is.
 */
export async function untilEverything(stream: Stream, units: readonly CopyUnit[], signal: AbortSignal): Promise<void> {
  const staleReads = () =>
    units.reduce((sum, { name }) => sum + (stream.reached.get(name)?.status.sweep?.staleReads ?? 0), 0)
  for (;;) {
    const before = staleReads()
    const sinceMs = monotonicMs()
    stream.sweepFrom(sinceMs + 2 * roundingMs)
    await untilReached(stream, units, everythingUntil(sinceMs), signal)
    if (staleReads() === before) return
  }
}
