// The modules that are published as plain jars. Such a jar lacks what the official zip puts beside it, the descriptor that names
// the plugin class and the policy that grants it permissions, so both stand here.

export interface ModuleSource {
  name: string
  artifact: string
  pluginClass: string
  /** The module whose class loader this one extends, so that its additions to Painless are found. */
  extends?: string
  /** What the descriptor must say from 7.11 on. */
  isolated?: true
  policy?: string
}

const everything = 'permission java.security.AllPermission;'
const connect = 'permission java.net.SocketPermission "*", "connect";'

// Elasticsearch refuses some permissions to modules, so each gets what its original policy grants.
const elasticsearchPolicies: Record<string, string> = {
  'lang-painless': `grant {
  permission java.lang.RuntimePermission "createClassLoader";
  permission java.lang.RuntimePermission "getClassLoader";
};`,
  reindex: `grant { ${connect} };
grant codeBase "\${codebase.elasticsearch-rest-client}" { permission java.net.NetPermission "getProxySelector"; };
grant codeBase "\${codebase.httpasyncclient}" { permission java.net.NetPermission "getProxySelector"; };`,
  'lang-mustache': 'grant { permission java.lang.RuntimePermission "accessDeclaredMembers"; };',
  'repository-url': `grant { ${connect} };`,
}

const withPainless = ['analysis-common', 'ingest-common']

const elasticsearchClasses: Record<string, string> = {
  'aggs-matrix-stats': 'search.aggregations.matrix.MatrixAggregationPlugin',
  'lang-mustache': 'script.mustache.MustachePlugin',
  'mapper-extras': 'index.mapper.MapperExtrasPlugin',
  'parent-join': 'join.ParentJoinPlugin',
  percolator: 'percolator.PercolatorPlugin',
  'rank-eval': 'index.rankeval.RankEvalPlugin',
  reindex: 'index.reindex.ReindexPlugin',
}

const elasticsearch7Classes: Record<string, string> = {
  ...elasticsearchClasses,
  'analysis-common': 'analysis.common.CommonAnalysisPlugin',
  'ingest-common': 'ingest.common.IngestCommonPlugin',
  'lang-painless': 'painless.PainlessPlugin',
  'repository-url': 'plugin.repository.url.URLRepositoryPlugin',
}

const opensearchClasses: Record<string, string> = {
  ...elasticsearch7Classes,
  geo: 'geo.GeoPlugin',
  'ingest-user-agent': 'ingest.useragent.IngestUserAgentPlugin',
  'lang-expression': 'script.expression.ExpressionPlugin',
  'transport-netty4': 'transport.Netty4Plugin',
}

const opensearchClientJars = [
  'aggs-matrix-stats',
  'lang-mustache',
  'mapper-extras',
  'parent-join',
  'percolator',
  'rank-eval',
  'reindex',
  'transport-netty4',
]

/** 7.10.2 is the last version whose modules were all published, by the makers of codelibs. */
export function elasticsearch7Modules(version: string): ModuleSource[] {
  return Object.entries(elasticsearch7Classes).map(([name, pluginClass]) =>
    elasticsearchModule(name, `org.codelibs.elasticsearch.module:${name}:${version}`, pluginClass),
  )
}

/** From 7.11 on only the modules that a client library needs are published: no Painless, no analysis-common. */
export function elasticsearchClientModules(version: string): ModuleSource[] {
  const moved = { reindex: 'reindex.ReindexPlugin' }
  return Object.entries({ ...elasticsearchClasses, ...moved }).map(([name, pluginClass]) => ({
    ...elasticsearchModule(name, `org.elasticsearch.plugin:${name}-client:${version}`, pluginClass),
    isolated: true,
  }))
}

/** Brings the point in time, which the open source distribution of 7.10 lacks. */
export function xPackCore(version: string): ModuleSource {
  return {
    name: 'x-pack-core',
    artifact: `org.elasticsearch.plugin:x-pack-core:${version}`,
    pluginClass: 'org.elasticsearch.xpack.core.XPackPlugin',
    policy: `grant {
  permission java.lang.RuntimePermission "getClassLoader";
  permission java.lang.RuntimePermission "setContextClassLoader";
  permission java.net.SocketPermission "*", "accept,connect";
  permission java.util.PropertyPermission "*", "read,write";
};`,
  }
}

function elasticsearchModule(name: string, artifact: string, pluginClass: string): ModuleSource {
  const policy = elasticsearchPolicies[name]
  return {
    name,
    artifact,
    pluginClass: `org.elasticsearch.${pluginClass}`,
    ...(withPainless.includes(name) ? { extends: 'lang-painless' } : {}),
    ...(policy ? { policy } : {}),
  }
}

export function opensearchModules(version: string): ModuleSource[] {
  return Object.entries(opensearchClasses).map(([name, pluginClass]) => ({
    name,
    artifact: `org.opensearch.plugin:${name}${opensearchClientJars.includes(name) ? '-client' : ''}:${version}`,
    pluginClass: `org.opensearch.${opensearchClass(name, pluginClass, version)}`,
    ...(withPainless.includes(name) ? { extends: 'lang-painless' } : {}),
    policy: `grant { ${everything} };`,
  }))
}

/** Of all plugins for object stores the only one that is published, and only for some releases of 3. */
export function repositoryS3(version: string): ModuleSource {
  return {
    name: 'repository-s3',
    artifact: `org.opensearch.plugin:repository-s3:${version}`,
    pluginClass: 'org.opensearch.repositories.s3.S3RepositoryPlugin',
    policy: `grant { ${everything} };`,
  }
}

/** Version 3 renamed them all, and geo was ahead of its time. */
function opensearchClass(name: string, pluginClass: string, version: string): string {
  const renamed = version.startsWith('3.') || (name === 'geo' && version.startsWith('2.'))
  return renamed ? pluginClass.replace(/Plugin$/, 'ModulePlugin') : pluginClass
}
