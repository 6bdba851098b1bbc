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
/** A document moves when both sides have changed at this part of the looks. */
const movingShare = 1 / 3

interface Track {
  /** What the source had, the newest last. */
  readonly sources: string[]
  target: string
  sourceChanges: number
  targetChanges: number
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
      this.tracks.set(identity, { sources: [source], target, sourceChanges: 0, targetChanges: 0 })
      return false
    }
    if (track.sources.includes(target)) return true
    if (track.sources.at(-1) !== source) track.sourceChanges++
    if (track.target !== target) track.targetChanges++
    track.target = target
    track.sources.push(source)
    if (track.sources.length > statesKept) track.sources.shift()
    return false
  }

  /**
   * Whether both sides of it changed again and again: it is carried, faster than it can be looked at. One that the target does not get any
   * more stands still there.
   */
  isMoving({ identity }: Candidate): boolean {
    const track = this.tracks.get(identity)
    const least = Math.max(3, this.looks * movingShare)
    return track !== undefined && track.sourceChanges >= least && track.targetChanges >= least
  }
}

const stateOf = (states: ReadonlyMap<string, Uint32Array>, identity: string): string =>
  states.get(identity)?.join(' ') ?? 'absent'
