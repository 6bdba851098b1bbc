// What a version can do: the one table of data that the rooms ask. No room compares version numbers by itself.
import { type ClusterVersion, isAtLeast } from '../model/cluster-version.ts'

export interface Capabilities {
  /** Operations carry `_seq_no`, and searches can select and return it (`seq_no_primary_term`). ES 6.7, every OpenSearch. */
  readonly sequenceNumbers: boolean
  /** `POST /INDEX/_pit` (Elasticsearch 7.10) or `POST /INDEX/_search/point_in_time` (OpenSearch 2.4). */
  readonly pointInTime: 'elasticsearch' | 'opensearch' | 'none'
  /** `slice` in a scroll. ES 5.0. */
  readonly slicedScroll: boolean
  /** Mapping types: several per index (before 6.0), one of any name (6.x), `_doc` only behind the scenes (7.x, OpenSearch 1.x), or none. */
  readonly mappingTypes: 'several' | 'one' | 'hidden' | 'none'
  /** `string` fields (before 5.0) instead of `text` and `keyword`. */
  readonly stringFields: boolean
  /** `_parent` mapping (before 6.0). */
  readonly parentField: boolean
  /** `filter_path` in answers. ES 1.6. */
  readonly filterPath: boolean
  /** Request bodies of scroll calls are JSON (ES 2.0); before that the scroll id is the body. */
  readonly scrollIdInJson: boolean
  /** `track_total_hits` in searches. ES 7.0. */
  readonly trackTotalHits: boolean
  /** `hits.total` is an object `{value, relation}`. ES 7.0. */
  readonly totalIsObject: boolean
  /** Routing in bulk actions and hits is `routing` (ES 7.0, accepted since 6.0); before that `_routing`. */
  readonly bulkRoutingKey: 'routing' | '_routing'
  readonly dataStreams: boolean
  readonly composableTemplates: boolean
  readonly hiddenIndexes: boolean
  /** `POST /_refresh` etc. are there in all versions; `expand_wildcards=hidden` only with hidden indexes. */
  readonly closedIndexesInStats: boolean
}

/** The abilities of a version. Sources: the release notes and API pages of each server; tried on the servers of test/servers. */
export function capabilitiesOf(version: ClusterVersion): Capabilities {
  const es = (major: number, minor = 0) => isAtLeast(version, 'elasticsearch', major, minor)
  const os = (major: number, minor = 0) => isAtLeast(version, 'opensearch', major, minor)
  return {
    sequenceNumbers: es(6, 7) || os(1),
    pointInTime: es(7, 10) ? 'elasticsearch' : os(2, 4) ? 'opensearch' : 'none',
    slicedScroll: es(5) || os(1),
    mappingTypes: es(8) || os(2) ? 'none' : es(7) || os(1) ? 'hidden' : es(6) ? 'one' : 'several',
    stringFields: version.flavour === 'elasticsearch' && !es(5),
    parentField: version.flavour === 'elasticsearch' && !es(6),
    filterPath: es(1, 6) || os(1),
    scrollIdInJson: es(2) || os(1),
    trackTotalHits: es(7) || os(1),
    totalIsObject: es(7) || os(1),
    bulkRoutingKey: es(7) || os(1) ? 'routing' : '_routing',
    dataStreams: es(7, 9) || os(1),
    composableTemplates: es(7, 8) || os(1),
    hiddenIndexes: es(7, 7) || os(1),
    closedIndexesInStats: es(7, 2) || os(1),
  }
}
