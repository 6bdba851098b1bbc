// Every server the tests can start, as data: what it is made of, which JDK it runs on and what it needs to be told.
// All of it comes from Maven Central; the modules stand in modules.ts.
import type { JavaRange } from './java.ts'
import type { Artifact } from './maven.ts'
import {
  elasticsearch7Modules,
  elasticsearchClientModules,
  type ModuleSource,
  opensearchModules,
  repositoryS3,
  xPackCore,
} from './modules.ts'

export type Flavour = 'elasticsearch' | 'opensearch'

export interface ServerDescription {
  flavour: Flavour
  version: string
  java: JavaRange
  /** A zip that holds the whole server or its core, or else the jars of its lib/ folder. */
  distribution?: string
  libraries?: Artifact[]
  /** What the distribution lacks. */
  modules?: ModuleSource[]
  /** Plugins that exist as zips. */
  plugins?: string[]
  /** OpenSearch 3 replaces the security manager of Java by an agent. */
  agent?: string
  /** The sources of which one class is compiled anew; see assemble-elasticsearch.ts. */
  patchedSources?: string
  /** The zip has no module that answers `GET /`: the stand-in in root-page/ is compiled for this Java release. */
  rootPage?: { release: number }
  /** With TLS, users and passwords. */
  secure?: true
  /**
   * How a server is started by root, which it refuses: by keeping JNA from loading, through which it asks who it is, or as the
   * user nobody. The second needs folders that this user can reach, but is the only way since Elasticsearch asks without JNA.
   */
  asRoot: 'without-jna' | 'as-nobody'
  settings?: Record<string, unknown>
  /** Of the JVM. */
  flags?: string[]
}

const distributions = 'org.elasticsearch.distribution'

// The last Java with a security manager, which these versions insist on, is 23; they are tried on 17.
const java17: JavaRange = { oldest: 11, newest: 17 }
const withoutSecurity = { 'xpack.security.enabled': false, 'xpack.license.self_generated.type': 'basic' }

function opensearchLibraries(version: string, log4j: string, classLoader = version): Artifact[] {
  return [
    `org.opensearch:opensearch:${version}`,
    // Not every patch release of this tiny jar can be resolved; any of the same minor release will do.
    { alone: `org.opensearch:opensearch-plugin-classloader:${classLoader}` },
    // Optional in the server's pom, but the server does not start without them.
    { alone: `org.apache.logging.log4j:log4j-core:${log4j}` },
    { alone: 'org.locationtech.jts:jts-core:1.15.0' },
    { alone: 'org.locationtech.spatial4j:spatial4j:0.7' },
  ]
}

const elasticsearch7: ServerDescription = {
  flavour: 'elasticsearch',
  version: '7.10.2',
  java: java17,
  distribution: `${distributions}.integ-test-zip:elasticsearch:7.10.2:zip`,
  modules: elasticsearch7Modules('7.10.2'),
  asRoot: 'without-jna',
}

const opensearch2: ServerDescription = {
  flavour: 'opensearch',
  version: '2.19.4',
  java: { oldest: 11, newest: 21 },
  libraries: opensearchLibraries('2.19.4', '2.21.0', '2.19.6'),
  modules: opensearchModules('2.19.4'),
  asRoot: 'without-jna',
}

const opensearch3: ServerDescription = {
  flavour: 'opensearch',
  version: '3.8.0',
  java: { oldest: 21 },
  libraries: opensearchLibraries('3.8.0', '2.25.4'),
  modules: opensearchModules('3.8.0'),
  agent: 'org.opensearch:opensearch-agent:3.8.0',
  asRoot: 'without-jna',
}

const servers = {
  'elasticsearch-1.7.6': {
    flavour: 'elasticsearch',
    version: '1.7.6',
    java: java17,
    libraries: ['org.elasticsearch:elasticsearch:1.7.6'],
    patchedSources: 'org.elasticsearch:elasticsearch:1.7.6:jar:sources',
    asRoot: 'without-jna',
    settings: { 'script.inline': 'on', 'script.indexed': 'on' },
  },
  'elasticsearch-2.4.6': {
    flavour: 'elasticsearch',
    version: '2.4.6',
    java: java17,
    distribution: `${distributions}.zip:elasticsearch:2.4.6:zip`,
    asRoot: 'without-jna',
    settings: { 'script.inline': true, 'script.indexed': true },
  },
  'elasticsearch-5.6.16': {
    flavour: 'elasticsearch',
    version: '5.6.16',
    java: java17,
    distribution: `${distributions}.zip:elasticsearch:5.6.16:zip`,
    asRoot: 'without-jna',
  },
  'elasticsearch-6.8.23': {
    flavour: 'elasticsearch',
    version: '6.8.23',
    java: java17,
    distribution: `${distributions}.zip:elasticsearch-oss:6.8.23:zip`,
    asRoot: 'without-jna',
  },
  'elasticsearch-7.10.2': elasticsearch7,
  'elasticsearch-7.10.2-xpack': {
    ...elasticsearch7,
    modules: [...elasticsearch7Modules('7.10.2'), xPackCore('7.10.2')],
    settings: withoutSecurity,
  },
  'elasticsearch-7.17.29': {
    flavour: 'elasticsearch',
    version: '7.17.29',
    java: java17,
    distribution: `${distributions}.integ-test-zip:elasticsearch:7.17.29:zip`,
    modules: elasticsearchClientModules('7.17.29'),
    asRoot: 'without-jna',
    settings: withoutSecurity,
  },
  'elasticsearch-8.19.2': {
    flavour: 'elasticsearch',
    version: '8.19.2',
    java: { oldest: 17, newest: 21 },
    distribution: `${distributions}.integ-test-zip:elasticsearch:8.19.2:zip`,
    rootPage: { release: 17 },
    asRoot: 'as-nobody',
    settings: withoutSecurity,
  },
  'elasticsearch-9.1.0': {
    flavour: 'elasticsearch',
    version: '9.1.0',
    java: { oldest: 21 },
    distribution: `${distributions}.integ-test-zip:elasticsearch:9.1.0:zip`,
    rootPage: { release: 21 },
    asRoot: 'as-nobody',
    settings: withoutSecurity,
  },
  'opensearch-1.3.14': {
    flavour: 'opensearch',
    version: '1.3.14',
    java: java17,
    libraries: opensearchLibraries('1.3.14', '2.17.1'),
    modules: opensearchModules('1.3.14'),
    asRoot: 'without-jna',
  },
  'opensearch-2.19.4': opensearch2,
  'opensearch-2.19.4-secure': {
    ...opensearch2,
    plugins: ['org.opensearch.plugin:opensearch-security:2.19.4.0:zip'],
    secure: true,
  },
  'opensearch-3.8.0': opensearch3,
  'opensearch-3.8.0-s3': {
    ...opensearch3,
    modules: [...opensearchModules('3.8.0'), repositoryS3('3.8.0')],
    // Credentials among the settings of a repository, instead of in a keystore that only the server's own tool can write.
    flags: ['-Dopensearch.allow_insecure_settings=true'],
  },
} satisfies Record<string, ServerDescription>

export type ServerName = keyof typeof servers

export const serverNames = Object.keys(servers) as ServerName[]

export function describeServer(name: ServerName): ServerDescription {
  return servers[name]
}

export function isServerName(name: string): name is ServerName {
  return Object.hasOwn(servers, name)
}

export function majorVersion(server: ServerDescription): number {
  return Number.parseInt(server.version, 10)
}
