// Compares both sides of a live migration in full, in the direction in which it is followed now.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { now } from '../foundation/clock.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import type { VerifyHow } from '../migration/live-journey/migration-context.ts'
import { sidesOf, type VerificationNote } from '../migration/live-journey/migration-record.ts'
import { openGroup, type VerifySides } from '../migration/verify-copy.ts'
import type { ComparedSides } from '../verify/scan-buckets.ts'
import { verifyIndexes } from '../verify/verify.ts'
import { fieldEdits, readingOptions } from './copy-request.ts'
import type { OpenSides } from './open-sides.ts'
import type { MigrationValues } from './option-values.ts'
import { pausingSource } from './slowed-source.ts'

export interface VerifyStreamOptions {
  readonly sides: OpenSides
  readonly values: MigrationValues
  readonly stream: number
  readonly units: readonly CopyUnit[]
  readonly stateFolder: string
  readonly migration: string
}

/**
 * What differs while both sides change is looked at again after so long, so often: a document that is written again and again is equal at
 * one of many looks, and one that differs is equal at none.
 */
const recheck = { afterMs: 1_000, rounds: 30 }

export async function verifyStream(options: VerifyStreamOptions, how: VerifyHow): Promise<VerificationNote> {
  const { values, stream, units, stateFolder, migration } = options
  const startedMs = now()
  const sides = await directedSides(options)
  let documents = 0
  let differences = 0
  let moving = 0
  let verdict: VerificationNote['verdict'] = 'equal'
  for (const unit of units) {
    const compared = await openGroup({ name: unit.name, target: unit.targetIndex, units: [unit] }, sides)
    const share = how.isStill ? 1 : values.live.verifyShare
    try {
      const { report } = await verifyIndexes(sharing(compared, share), {
        signal: how.signal,
        readers: how.isStill ? Math.max(1, Math.min(4, values.reading.readers)) : 1,
        ...(how.isStill ? { recheckAfterMs: 0 } : { recheckAfterMs: recheck.afterMs, recheckRounds: recheck.rounds }),
        ...(how.isStill
          ? {}
          : {
              stateFolder: join(folderOf(stateFolder), namesStart(migration, stream) + encodeURIComponent(unit.name)),
            }),
        fingerprint: `${migration} ${stream}`,
      })
      documents += report.source.documents
      differences += report.differences.total
      moving += report.differences.moving ?? 0
      if (report.verdict !== 'equal' && verdict !== 'different') verdict = report.verdict
    } finally {
      for (const side of [compared.source, compared.target]) await side.source[Symbol.asyncDispose]()
    }
  }
  return { startedMs, endedMs: now(), verdict, documents, differences, ...(moving > 0 ? { moving } : {}), stream }
}

const folderOf = (stateFolder: string): string => join(stateFolder, 'verify')
const namesStart = (migration: string, stream: number): string => `${migration}-${stream}-`

/** What was compared and not finished is of no use to anybody when the stream is over. */
export function removeVerifications(stateFolder: string, migration: string, stream: number): void {
  const folder = folderOf(stateFolder)
  const start = namesStart(migration, stream)
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    if (name.startsWith(start)) rmSync(join(folder, name), { recursive: true, force: true })
  }
}

async function directedSides({ sides, values, stream }: VerifyStreamOptions): Promise<VerifySides> {
  const { from, to } = sidesOf(stream)
  const reading = await readingOptions(values)
  const source = sides[from]
  const target = sides[to]
  return {
    source: source.kind === 'cluster' ? { kind: 'cluster', cluster: source.cluster, expression: '*' } : sides.source,
    target: target.kind === 'cluster' ? { kind: 'cluster', cluster: target.cluster, name: undefined } : sides.target,
    reading,
    edits: fieldEdits(values),
    transformModule: values.transform.transform,
  }
}

const sharing = ({ source, target }: ComparedSides, share: number): ComparedSides => ({
  source: { ...source, source: pausingSource(source.source, share) },
  target: { ...target, source: pausingSource(target.source, share) },
})
