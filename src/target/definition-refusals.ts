// What a server says when it does not take a definition, as the place in the definition and the way out.
import type { Cluster } from '../cluster/cluster.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { formatVersion } from '../model/cluster-version.ts'
import type { IndexToCreate } from './create-index.ts'

interface Refusal {
  readonly says: RegExp
  /** Groups of `says` as `$1`, `$2`. */
  readonly path?: string
  readonly remedy: string
}

const otherMapping = 'or give your own mapping with --mappings FILE.'
const plugin = 'Install the plugin or module that brings it on every node of the target,'

/** The first that fits counts. The words are those of Elasticsearch 1.7 to 9.1 and OpenSearch 1.3 to 3.8. */
const refusals: readonly Refusal[] = [
  {
    says: /No handler for type \[([^\]]+)\] declared on field \[([^\]]+)\]/,
    path: 'mappings: field $2, type $1',
    remedy: `${plugin} or choose another type with --map '*.$1=keyword' (or =disabled), ${otherMapping}`,
  },
  {
    says: /mapper type \[([^\]]+)\] declared on field \[([^\]]+)\] does not exist/,
    path: 'mappings: field $2, type $1',
    remedy: `${plugin} or choose another type with --map '*.$1=keyword' (or =disabled), ${otherMapping}`,
  },
  {
    says: /(?:unknown|Unknown) parameter \[([^\]]+)\] on mapper \[([^\]]+)\]/,
    path: 'mappings: field $2, parameter $1',
    remedy: `Give the field another mapping with --map '$2={"type":…}', ${otherMapping}`,
  },
  {
    says: /Mapping definition for \[([^\]]+)\] has unsupported parameters:\s+\[(\w+)/,
    path: 'mappings: field $1, parameter $2',
    remedy: `Give the field another mapping with --map '$1={"type":…}', ${otherMapping}`,
  },
  {
    says: /Root mapping definition has unsupported parameters:\s+\[(\w+)/,
    path: 'mappings: $1',
    remedy: 'Give your own mapping with --mappings FILE.',
  },
  {
    says: /(?:analyzer|Analyzer) \[([^\]]+)\] (?:has not been configured in mappings|not found(?: for field \[([^\]]+)\])?)/,
    path: 'analyzer $1',
    remedy: `${plugin} or define the analyzer with --set analysis.analyzer.$1.type=standard, or choose another one with --map, ${otherMapping}`,
  },
  {
    says: /unknown setting \[index\.([^\]]+)\]/,
    path: 'settings.$1',
    remedy: 'Leave the setting out with --set $1=null.',
  },
  {
    says: /unknown value for \[index\.([^\]]+)\][^:]*but was: (\S+)/,
    path: 'settings.$1',
    remedy: `${plugin} or choose another value with --set $1=VALUE.`,
  },
  {
    says: /(?:Unknown|failed to find(?: global)?|Custom Analyzer \[[^\]]+\] failed to find) (analyzer|tokenizer|filter|tokenfilter|char_filter|normalizer)(?: type)? (?:\[([^\]]+)\] for \[([^\]]+)\]|under(?: name)? \[([^\]]+)\])/i,
    path: 'settings.analysis: $1 $2$4 $3',
    remedy: `${plugin} or define it otherwise with --set analysis.…, or give your own with --mappings FILE.`,
  },
  {
    says: /(?:IOException while reading|file not readable|NoSuchFileException).*?(\w+_path)?/,
    path: 'settings.analysis',
    remedy:
      'Put the file onto every node of the target (in its config folder), or give the words themselves with --set analysis.….',
  },
  {
    says: /(?:Failed to build analyzers: \[([^\]]+)\]|Custom (?:Analyzer|normalizer) \[([^\]]+)\] failed to find)/i,
    path: 'settings.analysis.analyzer.$1$2',
    remedy: `${plugin} or define the analyzer otherwise with --set analysis.analyzer.$1$2.…, or give your own with --mappings FILE.`,
  },
  {
    says: /can be changed? by changing the \[index\.(\w+)\]|changing the \[index\.(\w+)\] index level setting/,
    path: 'settings.$1$2',
    remedy: 'Raise the limit with --set $1$2=NUMBER.',
  },
  {
    says: /Token filter \[([^\]]+)\] cannot be used to parse synonyms/,
    path: 'settings.analysis.filter.$1',
    remedy:
      'Since 7.0 synonyms must stand before this filter in the analyzer: give the order with --set analysis.analyzer.NAME.filter=….',
  },
  {
    says: /limit of total fields \[(\d+)\]/i,
    path: 'settings.mapping.total_fields.limit',
    remedy: 'Raise the limit with --set mapping.total_fields.limit=NUMBER.',
  },
]

export function refusedDefinition(error: IndexferryError, planned: IndexToCreate, cluster: Cluster): IndexferryError {
  const said = error.message
  if (/already.?exists/i.test(said)) {
    return new IndexferryError('INDEX_DIFFERS', `the index ${planned.name} is on the target ${cluster.name} already`, {
      side: cluster.side,
      cause: error,
      fields: { index: planned.name },
    })
  }
  const match = refusals.flatMap((refusal) => {
    const groups = refusal.says.exec(said)
    return groups ? [{ refusal, groups }] : []
  })[0]
  const fill = (text: string): string =>
    text.replace(/\$(\d)/g, (_, group) => match?.groups[Number(group)] ?? '').trim()
  const path = match?.refusal.path ? fill(match.refusal.path) : undefined
  const server = formatVersion(cluster.version)
  const place = path ? ` because of ${path}` : ''
  return new IndexferryError(
    'DEFINITION_REFUSED',
    `the target ${cluster.name} (${server}) refuses to create the index ${planned.name}${place}: ${said}`,
    {
      side: cluster.side,
      cause: error,
      fields: { index: planned.name, ...(path ? { path } : {}) },
      ...(match ? { remedy: fill(match.refusal.remedy) } : {}),
    },
  )
}
