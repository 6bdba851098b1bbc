// What a version can do: the one table of data that the rooms ask. No room compares version numbers by itself.
import { type ClusterVersion, isAtLeast } from '../model/cluster-version.ts'

/**
 * What a version is packed as, where that takes abilities away: `oss` has no x-pack (integration-test and OSS packages, Amazon's
 * Elasticsearch); the serverless ones have no calls about nodes, shards and their statistics.
 */
export type Edition = 'full' | 'oss' | 'elasticsearch-serverless' | 'opensearch-serverless'

export interface Capabilities {
  readonly edition: Edition
  /** Operations carry `_seq_no`, and searches can select and return it (`seq_no_primary_term`). ES 6.7, every OpenSearch. */
  readonly sequenceNumbers: boolean
  /** The global checkpoint counts only what is on the disk of all copies (ES 7.3), whatever the translog's durability. */
  readonly durableCheckpoints: boolean
  /** `preference=_primary` in searches. Before ES 7.0, every OpenSearch. */
  readonly primaryPreference: boolean
  /** Between `_shards:N` and what else `preference` says: `|` since ES 5.0. */
  readonly preferenceSeparator: '|' | ';'
  /** `GET /_tasks`. ES 2.3. */
  readonly taskList: boolean
  /** `is_write_index` of aliases. ES 6.4. */
  readonly writeIndexAliases: boolean
  /** `scroll` in searches. All but OpenSearch Serverless. */
  readonly scroll: boolean
  /** `POST /INDEX/_pit` (Elasticsearch 7.10, not `oss`) or `POST /INDEX/_search/point_in_time` (OpenSearch 2.4). */
  readonly pointInTime: 'elasticsearch' | 'opensearch' | 'none'
  /** `_shard_doc`, the unique sort key within a point in time. ES 7.12, OpenSearch 3.3. */
  readonly shardDocSort: boolean
  /** `slice` in a scroll. ES 5.0. */
  readonly slicedScroll: boolean
  /**
   * How a slice is dealt out in a search of one shard (`preference=_shards:N`): over the shards of the whole index, of which the
   * shard may get no slice at all or all of one (ES 5.0 to 6.3), or over the shards that are searched, here one.
   */
  readonly slicesOver: 'index' | 'search'
  /** `range` over `_uid` (before 5.0; from 5.0 the field refuses ranges). */
  readonly uidRanges: boolean
  /** Mapping types: several per index (before 6.0), one of any name (6.x), `_doc` only behind the scenes (7.x, OpenSearch 1.x), or none. */
  readonly mappingTypes: 'several' | 'one' | 'hidden' | 'none'
  /** `string` fields (before 5.0) instead of `text` and `keyword`. */
  readonly stringFields: boolean
  /** `_parent` mapping (before 6.0). */
  readonly parentField: boolean
  /** Takes request bodies compressed with gzip. ES 5.0; before that only with `http.compression: true`, else it hangs up. */
  readonly compressedRequests: boolean
  /** `filter_path` in answers. ES 1.6. */
  readonly filterPath: boolean
  /** Request bodies of scroll calls are JSON (ES 2.0); before that the scroll id is the body. */
  readonly scrollIdInJson: boolean
  /** `track_total_hits` in searches. ES 7.0. */
  readonly trackTotalHits: boolean
  /** `hits.total` is an object `{value, relation}`. ES 7.0. */
  readonly totalIsObject: boolean
  /** Routing in bulk actions is `routing` (ES 7.0 knows no other; accepted since 6.0); before that `_routing`. Hits always say `_routing`. */
  readonly bulkRoutingKey: 'routing' | '_routing'
  /** `bool.filter` (ES 2.0); before that `filtered`. */
  readonly boolFilter: boolean
  /** `_routing` and `_parent` of a hit come only among `fields` (before 2.0). */
  readonly metadataAsFields: boolean
  /** `allow_partial_search_results=false`. ES 6.3. */
  readonly refusesPartialResults: boolean
  /** Sorting a scroll by `_doc` is the cheap way (ES 2.1); before that `search_type=scan`. */
  readonly scanSearchType: boolean
  /** A setting is taken back by setting it to null (ES 5.0). */
  readonly nullResetsSetting: boolean
  /** So is `number_of_replicas` (ES 7.0); before that null is refused: "must specify numberOfReplicas". */
  readonly nullResetsReplicas: boolean
  readonly dataStreams: boolean
  readonly composableTemplates: boolean
  readonly hiddenIndexes: boolean
  /** `POST /_refresh` etc. are there in all versions; `expand_wildcards=hidden` only with hidden indexes. */
  readonly closedIndexesInStats: boolean
  /** `_nodes`, `_cluster/…`, `_stats`, `_cat/shards`, and `preference=_shards:N`. All but the serverless ones. */
  readonly clusterCalls: boolean
  /** Tasks say whether they were `cancelled`. ES 7.14, OpenSearch 2.0. */
  readonly taskCancelledField: boolean
  /** … and when (`cancellation_time_millis`). OpenSearch 2.8. */
  readonly taskCancellationTimeField: boolean
  /** Snapshots carry `metadata`, and can be asked for with it. ES 7.3. */
  readonly snapshotMetadata: boolean
  /** `feature_states` in snapshots and restores. ES 7.12. */
  readonly featureStates: boolean
  /** `POST /_snapshot/REPOSITORY/_cleanup`. ES 7.4. */
  readonly repositoryCleanup: boolean
  /** `PUT /INDEX/_block/write`, which waits for writes that were let in before. ES 7.9. */
  readonly blockCall: boolean
  /** `index.default_pipeline`, and `pipeline=_none` that passes it by. ES 6.5. */
  readonly defaultPipelines: boolean
}

/** The abilities of a version and edition. Sources: the release notes and API pages of each server; tried on the servers of test/servers. */
export function capabilitiesOf(version: ClusterVersion, edition: Edition = 'full'): Capabilities {
  const es = (major: number, minor = 0) => isAtLeast(version, 'elasticsearch', major, minor)
  const os = (major: number, minor = 0) => isAtLeast(version, 'opensearch', major, minor)
  return {
    edition,
    sequenceNumbers: es(6, 7) || os(1),
    durableCheckpoints: es(7, 3) || os(1),
    primaryPreference: !es(7),
    preferenceSeparator: es(5) || os(1) ? '|' : ';',
    taskList: es(2, 3) || os(1),
    writeIndexAliases: es(6, 4) || os(1),
    scroll: true,
    pointInTime: es(7, 10) ? 'elasticsearch' : os(2, 4) ? 'opensearch' : 'none',
    uidRanges: version.flavour === 'elasticsearch' && !es(5),
    shardDocSort: es(7, 12) || os(3, 3),
    slicedScroll: es(5) || os(1),
    slicesOver: version.flavour === 'elasticsearch' && !es(6, 4) ? 'index' : 'search',
    mappingTypes: es(8) || os(2) ? 'none' : es(7) || os(1) ? 'hidden' : es(6) ? 'one' : 'several',
    stringFields: version.flavour === 'elasticsearch' && !es(5),
    parentField: version.flavour === 'elasticsearch' && !es(6),
    compressedRequests: es(5) || os(1),
    filterPath: es(1, 6) || os(1),
    scrollIdInJson: es(2) || os(1),
    trackTotalHits: es(7) || os(1),
    totalIsObject: es(7) || os(1),
    bulkRoutingKey: es(7) || os(1) ? 'routing' : '_routing',
    boolFilter: es(2) || os(1),
    metadataAsFields: version.flavour === 'elasticsearch' && !es(2),
    refusesPartialResults: es(6, 3) || os(1),
    scanSearchType: version.flavour === 'elasticsearch' && !es(2, 1),
    nullResetsSetting: es(5) || os(1),
    nullResetsReplicas: es(7) || os(1),
    dataStreams: es(7, 9) || os(1),
    composableTemplates: es(7, 8) || os(1),
    hiddenIndexes: es(7, 7) || os(1),
    closedIndexesInStats: es(7, 2) || os(1),
    clusterCalls: true,
    taskCancelledField: es(7, 14) || os(2),
    taskCancellationTimeField: os(2, 8),
    snapshotMetadata: es(7, 3) || os(1),
    featureStates: es(7, 12),
    repositoryCleanup: es(7, 4) || os(1),
    blockCall: es(7, 9) || os(1),
    defaultPipelines: es(6, 5) || os(1),
    ...lacking[edition],
  }
}

/**
 * Reading by sequence numbers needs a shard to be named and its checkpoint to be asked for, which serverless editions do not
 * allow. Sources: Elastic's "Serverless differences"; AWS's "Supported operations and plugins in Amazon OpenSearch Serverless".
 */
const lacking: Readonly<Record<Edition, Partial<Capabilities>>> = {
  full: {},
  oss: { pointInTime: 'none', dataStreams: false },
  'elasticsearch-serverless': { sequenceNumbers: false, clusterCalls: false, taskList: false },
  'opensearch-serverless': {
    sequenceNumbers: false,
    clusterCalls: false,
    taskList: false,
    primaryPreference: false,
    defaultPipelines: false,
    scroll: false,
    slicedScroll: false,
    dataStreams: false,
  },
}
