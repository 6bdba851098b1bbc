import type { ClusterVersion } from '../model/cluster-version.ts'
import type { DefinitionLog } from './definition-log.ts'
import type { DefinitionOptions } from './definition-plan.ts'

/** What every rule may ask: both versions, the version whose habits the index has, and where to report. */
export interface RewriteContext {
  readonly source: ClusterVersion
  readonly target: ClusterVersion
  /** The major version that created the index: of Elasticsearch, or of OpenSearch. */
  readonly created: { readonly es: number } | { readonly os: number }
  readonly options: DefinitionOptions
  readonly log: DefinitionLog
  /** The keys of `--map` that applied to something. */
  readonly usedMaps: Set<string>
}

/** Whether dates were parsed by Joda, which Elasticsearch did in indexes created before 7.0. */
export const isJodaSource = (context: RewriteContext): boolean => 'es' in context.created && context.created.es < 7

export const isJodaTarget = (context: RewriteContext): boolean =>
  context.target.flavour === 'elasticsearch' && context.target.major < 7
