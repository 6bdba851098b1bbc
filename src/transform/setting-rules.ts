// Every index setting that is known: in which versions it can be set, and why it is left out elsewhere. The first row whose
// pattern fits a setting counts. Each row was tried on the servers of test/servers; settings of plugins and commercial
// modules are from their references. Settings in no row are unknown: see rewrite-settings.ts.
import { type Availability, nowhere } from './availability.ts'

export interface SettingRule {
  /** Exact, or a beginning that ends in `*`. */
  readonly setting: string
  readonly in: Availability
  /** Why it is left out; a row without one is left out without a word: the server sets it by itself. */
  readonly reason?: string
  readonly severity?: 'warning'
}

const os = [100] as const
const from5 = { es: [500], os } as const
const rows = (settings: string, rule: Omit<SettingRule, 'setting'>): SettingRule[] =>
  settings.split(' ').map((setting) => ({ setting, ...rule }))

/** What the server itself writes into the settings of an index. */
const own = rows(
  'uuid creation_date creation_date_string version.* provided_name resize.* shrink.* history.* history_uuid ' +
    'routing.allocation.initial_recovery.* verified_before_close frozen legacy_routing.* data_path shadow_replicas shared_filesystem* ' +
    'recovery.initial_shards format transport_version.* store.snapshot.* remote_store.* replication.type segrep.* ' +
    'time_series.start_time time_series.end_time xpack.ccr.* plugins.replication.* opendistro.replication.* number_of_search_only_replicas ' +
    'mapping.single_type downsample.* routing.allocation.shard_state historical* uuid_of_source* composite_index context.*',
  { in: nowhere },
)

/** Where it was allocated among tiers of nodes. */
const tiers = rows('routing.allocation.include._tier_preference', { in: nowhere })

/** What belongs to the cluster that the index is in, not to the index. */
const ofTheCluster = [
  ...rows('blocks.*', { in: nowhere, reason: 'blocks would stop the copy; set it again afterwards' }),
  ...rows(
    'routing.allocation.include.* routing.allocation.exclude.* routing.allocation.require.* routing.allocation.total_shards_per_node routing.allocation.total_primary_shards_per_node routing.allocation.disable*',
    {
      in: nowhere,
      reason: 'it names nodes of the source cluster',
    },
  ),
  ...rows('routing.allocation.enable routing.rebalance.enable', {
    in: nowhere,
    reason: 'it would keep shards from being allocated',
  }),
  ...rows('lifecycle.*', { in: nowhere, reason: 'lifecycle policies are not copied', severity: 'warning' }),
  ...rows('plugins.index_state_management.* opendistro.index_state_management.* index_state_management.*', {
    in: nowhere,
    reason: 'index state policies are not copied',
    severity: 'warning',
  }),
  ...rows('default_pipeline final_pipeline search.default_pipeline', {
    in: nowhere,
    reason: 'pipelines are not copied, and would change documents a second time',
    severity: 'warning',
  }),
  ...rows('search.throttled search.remote_store.*', {
    in: nowhere,
    reason: 'it belongs to the storage of the source cluster',
  }),
]

const documents: SettingRule[] = [
  ...rows(
    'number_of_shards number_of_replicas auto_expand_replicas refresh_interval codec gc_deletes priority max_result_window compound_format analysis.* similarity.*',
    { in: { es: [0], os } },
  ),
  { setting: 'codec.compression_level', in: { os: [209] }, reason: 'only OpenSearch has levels' },
  { setting: 'codec.qatmode', in: { os: [214] }, reason: 'only OpenSearch has it' },
  ...rows('routing_partition_size', { in: { es: [503], os }, reason: 'it is not known there' }),
  { setting: 'number_of_routing_shards', in: nowhere, reason: 'the target chooses it from its number of shards' },
  ...rows('sort.*', { in: { es: [600], os }, reason: 'indexes are not sorted before 6.0', severity: 'warning' }),
  { setting: 'hidden', in: { es: [707], os }, reason: 'indexes are not hidden before 7.7', severity: 'warning' },
  ...rows('soft_deletes.*', { in: { es: [605], os }, reason: 'there are none before 6.5' }),
  ...rows('mode', { in: { es: [817] }, reason: 'only Elasticsearch has index modes', severity: 'warning' }),
  ...rows('routing_path time_series.* look_ahead_time look_back_time dimensions', {
    in: nowhere,
    reason: 'the copy is no time series: their ids cannot be chosen',
    severity: 'warning',
  }),
  ...rows('logsdb.*', { in: { es: [817] }, reason: 'only Elasticsearch has index modes' }),
  ...rows('mapping.source.mode', { in: { es: [815] }, reason: '_source is kept as written' }),
  ...rows('mapping.synthetic_source_keep recovery.use_synthetic_source', {
    in: { es: [815] },
    reason: 'it belongs to synthetic _source',
  }),
  ...rows('derived_source.*', { in: { os: [302] }, reason: '_source is kept as written' }),
  ...rows('knn knn.*', { in: { os }, reason: 'it belongs to the k-NN plugin of OpenSearch' }),
  ...rows('append_only.*', { in: nowhere, reason: 'a copy writes documents again when it is resumed' }),
]

const mappings: SettingRule[] = [
  { setting: 'mapper.dynamic', in: { es: [0, 600] }, reason: 'the mapping itself says it since 6.0' },
  ...rows('mapping.total_fields.limit mapping.depth.limit mapping.nested_fields.limit', {
    in: from5,
    reason: 'there is no limit before 5.0',
  }),
  ...rows('mapping.nested_objects.limit mapping.field_name_length.limit', {
    in: { es: [700], os },
    reason: 'there is no limit before 7.0',
  }),
  { setting: 'mapping.nested_parents.limit', in: nowhere, reason: 'it is not known there' },
  {
    setting: 'mapping.total_fields.ignore_dynamic_beyond_limit',
    in: { es: [814] },
    reason: 'it is not known there',
    severity: 'warning',
  },
  { setting: 'mapping.dimension_fields.limit', in: { es: [716] }, reason: 'only Elasticsearch has time series' },
  ...rows('mapping.ignore_malformed mapping.coerce', { in: { es: [0], os } }),
  ...rows('mapping.date.* mapping.allow_type_wrapper mapping.patterned_text.* mapping.use_doc_values_skipper', {
    in: nowhere,
    reason: 'it is not known there',
  }),
  { setting: 'mapping.semantic_text.*', in: { es: [818] }, reason: 'only Elasticsearch has it' },
  { setting: 'percolator.map_unmapped_fields_as_text', in: { es: [600], os }, reason: 'it is not known there' },
  { setting: 'percolator.map_unmapped_fields_as_string', in: { es: [0, 700] }, reason: 'strings are text since 5.0' },
  ...rows('ttl.disable_purge', { in: { es: [0, 700] }, reason: 'documents do not expire' }),
]

const storage: SettingRule[] = [
  ...rows('translog.durability translog.sync_interval translog.flush_threshold_size', {
    in: { es: [200], os },
    reason: 'it is not known before 2.0',
  }),
  ...rows('translog.generation_threshold_size', { in: { es: [600], os }, reason: 'it is not known there' }),
  ...rows('translog.retention.*', { in: { es: [600, 800] }, reason: 'soft deletes keep the history' }),
  ...rows('translog.* gateway.*', { in: { es: [0, 500] }, reason: 'it is gone since 5.0' }),
  ...rows(
    'merge.policy.max_merged_segment merge.policy.max_merge_at_once merge.policy.segments_per_tier merge.policy.floor_segment merge.policy.expunge_deletes_allowed merge.scheduler.max_thread_count merge.scheduler.max_merge_count merge.scheduler.auto_throttle',
    { in: { es: [0], os } },
  ),
  {
    setting: 'merge.policy.max_merge_at_once_explicit',
    in: { es: [0], os: [100, 200] },
    reason: 'it is not known there',
  },
  { setting: 'merge.policy.reclaim_deletes_weight', in: { es: [0, 711], os }, reason: 'it is gone since 7.16' },
  { setting: 'merge.policy.deletes_pct_allowed', in: { es: [603], os }, reason: 'it is not known there' },
  ...rows('merge.policy.type merge.policy.merge_factor', {
    in: nowhere,
    reason: 'there is one merge policy since 5.0',
  }),
  ...rows('merge.*', { in: { es: [0, 200] }, reason: 'it is gone since 5.0' }),
  ...rows('store.type store.stats_refresh_interval', { in: { es: [0], os } }),
  { setting: 'store.preload', in: from5, reason: 'it is not known before 5.0' },
  ...rows('store.throttle.*', { in: { es: [0, 600] }, reason: 'merges are throttled by the scheduler' }),
  ...rows('store.* engine.* index_concurrency index_buffer_size compress* flush_on_close', {
    in: { es: [0, 200] },
    reason: 'it is gone since 2.0',
  }),
  ...rows('use_compound_file merge_on_flush.* check_pending_flush.*', {
    in: { os: [200] },
    reason: 'only OpenSearch has it',
  }),
  ...rows('flush_after_merge', { in: { es: [700], os }, reason: 'it is not known there' }),
  { setting: 'optimize_auto_generated_id', in: { es: [200, 700] }, reason: 'it is gone since 7.0' },
  { setting: 'bloom_filter_for_id_field.enabled', in: { es: [807] }, reason: 'only Elasticsearch has it' },
  { setting: 'doc_id_fuzzy_set.*', in: nowhere, reason: 'it is experimental' },
]

const searching: SettingRule[] = [
  { setting: 'max_adjacency_matrix_filters', in: { es: [500, 800], os }, reason: 'it is not known there' },
  ...rows(
    'query.default_field query.parse.allow_unmapped_fields query_string.lenient requests.cache.enable load_fixed_bitset_filters_eagerly warmer.enabled unassigned.node_left.delayed_timeout shard.check_on_startup fielddata.cache',
    { in: { es: [0], os } },
  ),
  { setting: 'cache.query.enable', in: { es: [0, 500] }, reason: 'it is called requests.cache.enable' },
  ...rows('cache.*', { in: nowhere, reason: 'it is gone since 2.0' }),
  ...rows('queries.cache.enabled', { in: from5, reason: 'it is called otherwise before 5.0' }),
  ...rows('queries.cache.everything queries.cache.type query.bool.max_clause_count', {
    in: { es: [0, 500] },
    reason: 'it is gone',
  }),
  ...rows(
    'allocation.max_retries max_refresh_listeners max_slices_per_scroll max_rescore_window write.wait_for_active_shards',
    { in: from5, reason: 'it is not known before 5.0' },
  ),
  ...rows(
    'max_inner_result_window max_docvalue_fields_search max_script_fields max_ngram_diff max_shingle_diff max_terms_count max_regex_length highlight.max_analyzed_offset',
    { in: { es: [600], os }, reason: 'there is no limit before 6.0' },
  ),
  ...rows('analyze.max_token_count search.idle.after', { in: { es: [700], os }, reason: 'it is not known before 7.0' }),
  ...rows('max_slices_per_pit', { in: { os: [204] }, reason: 'only OpenSearch has it' }),
  ...rows('search.concurrent_segment_search.* search.concurrent.*', {
    in: { os: [212] },
    reason: 'only OpenSearch has it',
  }),
  ...rows('search.star_tree_index.*', { in: nowhere, reason: 'star trees are not copied' }),
  ...rows('highlight.weight_matches_mode.enabled', { in: { es: [809] }, reason: 'only Elasticsearch has it' }),
  ...rows('dense_vector.hnsw_filter_heuristic', { in: { es: [901] }, reason: 'only Elasticsearch has it' }),
  ...rows('esql.*', { in: nowhere, reason: 'it is not known there' }),
  ...rows('search.slowlog.level indexing.slowlog.level', {
    in: { es: [0, 800], os },
    reason: 'each threshold has its own level since 8.0',
  }),
  ...rows('search.slowlog.include.* indexing.slowlog.include.*', {
    in: { es: [814] },
    reason: 'only Elasticsearch has it',
  }),
  { setting: 'search.slowlog.reformat', in: { es: [0, 500] }, reason: 'it is gone since 5.0' },
  ...rows('search.slowlog.* indexing.slowlog.*', { in: { es: [0], os } }),
]

const settingRules: readonly SettingRule[] = [
  ...own,
  ...tiers,
  ...ofTheCluster,
  ...documents,
  ...mappings,
  ...storage,
  ...searching,
]

export function findSettingRule(setting: string): SettingRule | undefined {
  return settingRules.find((rule) =>
    rule.setting.endsWith('*') ? setting.startsWith(rule.setting.slice(0, -1)) : setting === rule.setting,
  )
}
