// Documents that are written while both sides are compared. The target shows what the source had a moment ago, so that a document which is
// written again and again may be equal at none of many looks.
//
// What proves it all the same: the target holds what the source was seen with at an earlier look. Then everything of until that look is
// there; what was written since is for the next comparison.
import type { Candidate } from './difference.ts'
import type { DocumentDigester } from './document-digest.ts'
import type { SideName } from './verification-progress.ts'

/** More documents than this that differ are no matter of single ones that are written often. */
const documentsMax = 10_000
/** What a source had is known for so many looks. */
const statesKept = 4
/** A document moves when both sides have changed at this part of the looks, and within the last ones whose states are kept. */
const movingShare = 1 / 3

interface Track {
  /** What the source had, the newest last. */
  readonly sources: string[]
  target: string
  readonly changes: Record<SideName, Changes>
}

interface Changes {
  count: number
  /** The look at which it was seen to have changed last. */
  last: number
}

type States = Record<SideName, Map<string, Uint32Array>>

export class MovingDocuments {
  private readonly tracks = new Map<string, Track>()
  private states: States = { source: new Map(), target: new Map() }
  private looks = 0
  private isKept = false

  /** A new look at so many documents. */
  begin(documents: number): void {
    this.states = { source: new Map(), target: new Map() }
    this.isKept = documents <= documentsMax
    this.looks++
  }

  /** A document of one side; its digest is computed. Several of one identity are added up. */
  add(side: SideName, identity: string, { lanes }: DocumentDigester): void {
    if (!this.isKept) return
    const known = this.states[side].get(identity) ?? new Uint32Array(5)
    for (let lane = 0; lane < 4; lane++) known[lane] = (known[lane] as number) + (lanes[lane] as number)
    known[4] = (known[4] as number) + 1
    this.states[side].set(identity, known)
  }

  /** Of those that differed at this look, the ones for which nothing is proven yet. */
  unproven<Document extends Candidate>(differing: readonly Document[]): Document[] {
    if (!this.isKept) return [...differing]
    return differing.filter(({ identity }) => !this.isProven(identity))
  }

  private isProven(identity: string): boolean {
    const [source, target] = [stateOf(this.states.source, identity), stateOf(this.states.target, identity)]
    const track = this.tracks.get(identity)
    if (!track) {
      const changes = { source: { count: 0, last: 0 }, target: { count: 0, last: 0 } }
      this.tracks.set(identity, { sources: [source], target, changes })
      return false
    }
    if (track.sources.includes(target)) return true
    if (track.sources.at(-1) !== source) this.noteChange(track.changes.source)
    if (track.target !== target) this.noteChange(track.changes.target)
    track.target = target
    track.sources.push(source)
    if (track.sources.length > statesKept) track.sources.shift()
    return false
  }

  private noteChange(changes: Changes): void {
    changes.count++
    changes.last = this.looks
  }

  /**
   * Whether both sides of it changed again and again, and still do: it is carried, faster than it can be looked at. One that the target does
   * not get any more stands still there, and one that stands still on both sides differs.
   */
  isMoving({ identity }: Candidate): boolean {
    const track = this.tracks.get(identity)
    if (!track) return false
    const least = Math.max(3, this.looks * movingShare)
    return Object.values(track.changes).every(({ count, last }) => count >= least && this.looks - last < statesKept)
  }
}

const stateOf = (states: ReadonlyMap<string, Uint32Array>, identity: string): string =>
  states.get(identity)?.join(' ') ?? 'absent'
