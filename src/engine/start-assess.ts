// Runs one assessment: opens both sides, looks at their certificates, and assesses what a copy with the same words would do.
import { readServerCertificates } from '../cluster/server-certificates.ts'
import { assessCopy } from '../migration/assess/assess-copy.ts'
import type { Assessment } from '../migration/assess/assessment.ts'
import type { Location } from '../model/location.ts'
import { planOptions, readingOptions } from './copy-request.ts'
import { connectionOf, openSides } from './open-sides.ts'
import type { CommandValues, ConnectionValues } from './option-values.ts'

export interface AssessRequest {
  readonly source: Location
  readonly target: Location
  readonly values: CommandValues
  /** Told what is worth knowing while it runs. */
  readonly note: (text: string) => void
  /** Aborts when the user wants to stop; what was made on the target is deleted before it ends. */
  readonly signal: AbortSignal
}

/** Throws when a side cannot be reached or does not let us in; everything else is a finding. */
export async function startAssess({ source, target, values, note, signal }: AssessRequest): Promise<Assessment> {
  await using sides = await openSides(source, target, values, note)
  const { keepRefresh, keepReplicas } = values.writing
  return await assessCopy({
    source: sides.source,
    target: sides.target,
    plan: await planOptions(values, note),
    reading: await readingOptions(values),
    acceptDefinition: values.writing.acceptDefinition,
    relax: { keepRefresh, keepReplicas },
    certificates: {
      source: await certificatesOf('source', source, values.source),
      target: await certificatesOf('target', target, values.target),
    },
    signal,
  })
}

const certificatesOf = async (side: 'source' | 'target', location: Location, values: ConnectionValues) =>
  location.kind === 'cluster' ? readServerCertificates(side, connectionOf(location, values, 0)) : []
