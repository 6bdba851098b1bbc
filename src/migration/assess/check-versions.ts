// What is known about the two versions, before anything is read.
import type { Cluster } from '../../cluster/cluster.ts'
import { type ClusterVersion, type Flavour, formatVersion, versionKey } from '../../model/cluster-version.ts'
import { type Finding, finding } from './assessment.ts'

/** The oldest version that is supported, and the newest one that the tests run on. */
const known: Readonly<
  Record<Flavour, { readonly oldest: number; readonly newest: number; readonly newestText: string }>
> = {
  elasticsearch: { oldest: 107, newest: 901, newestText: '9.1' },
  opensearch: { oldest: 100, newest: 308, newestText: '3.8' },
}

type Side = Pick<Cluster, 'side' | 'version' | 'capabilities'>

export function checkVersions(source: Side | undefined, target: Side | undefined): Finding[] {
  const sides = [source, target].filter((side) => side !== undefined)
  const findings = sides.flatMap(checkVersion)
  if (source && target) findings.push(checkDirection(source.version, target.version))
  return findings
}

function checkVersion({ side, version, capabilities }: Side): Finding[] {
  const { oldest, newest, newestText } = known[version.flavour]
  const name = `the ${side} is ${formatVersion(version)}`
  const key = versionKey(version)
  if (key < oldest) {
    const remedy = 'Upgrade it to Elasticsearch 1.7 first, or copy its documents through a file.'
    return [finding('version', 'error', `${name}, older than what indexferry can speak to`, remedy)]
  }
  const findings: Finding[] = []
  if (Math.floor(key / 100) > Math.floor(newest / 100)) {
    const remedy = 'Try the copy with one index, and verify it, before the others.'
    findings.push(
      finding(
        'version',
        'warning',
        `${name}, of a major version newer than the ones that were tested (${newestText})`,
        remedy,
      ),
    )
  } else if (key > newest) {
    findings.push(finding('version', 'note', `${name}, newer than what was tested (${newestText})`))
  }
  return [...findings, ...checkEdition(name, capabilities.edition)]
}

function checkEdition(name: string, edition: Side['capabilities']['edition']): Finding[] {
  if (edition === 'oss')
    return [finding('version', 'note', `${name} without x-pack: no data streams, no points in time`)]
  if (edition === 'full') return []
  return [
    finding(
      'version',
      'warning',
      `${name}, serverless: shards, disks and cluster settings are not visible and could not be assessed`,
      'Copy one index and verify it before the others; collections for time series take no ids of their own.',
    ),
  ]
}

function checkDirection(source: ClusterVersion, target: ClusterVersion): Finding {
  const pair = `${formatVersion(source)} to ${formatVersion(target)}`
  const generation = (version: ClusterVersion) => version.major + (version.flavour === 'opensearch' ? 6 : 0)
  if (generation(target) < generation(source)) {
    return finding(
      'version',
      'note',
      `${pair} is a step back: what the older version does not know is rewritten or named as a problem`,
    )
  }
  return finding('version', 'ok', `${pair} is supported`)
}
