// What the test calls on a thread.
import { IndexferryError } from '../foundation/errors.ts'
import { answerCalls } from './thread-calls.ts'

export class Counted {
  private count = 0

  add(more: number): number {
    this.count += more
    return this.count
  }

  refuse(): void {
    throw new IndexferryError('STATE_UNUSABLE', 'the disk is full', { side: 'file' })
  }

  /** What cannot be sent back ends the thread, and so does a defect outside of a call. */
  die(): unknown {
    return () => {}
  }
}

answerCalls(() => new Counted())
