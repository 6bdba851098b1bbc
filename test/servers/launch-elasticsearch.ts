import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { majorVersion, type ServerDescription } from './catalogue.ts'
import { tool } from './java.ts'
import {
  breakerSettings,
  type Command,
  commonFlags,
  commonSettings,
  environment,
  memoryFlags,
  type Place,
  reindexSources,
  type StartOptions,
  withoutJna,
  writeSettings,
} from './launch.ts'

export async function prepareElasticsearch(
  server: ServerDescription,
  place: Place,
  options: StartOptions,
): Promise<Command> {
  const major = majorVersion(server)
  await writeSettings(join(place.config, 'elasticsearch.yml'), {
    ...commonSettings(place, options.repositories),
    [major >= 7 ? 'transport.port' : 'transport.tcp.port']: place.transportPort,
    ...(major >= 7 ? breakerSettings(options) : {}),
    ...discovery(major, place),
    ...(major >= 5 && hasModule(place, 'reindex') ? { 'reindex.remote.whitelist': reindexSources } : {}),
    ...server.settings,
    ...options.settings,
  })
  if (major === 1) await writeFile(join(place.config, 'logging.yml'), loggingOfVersion1)
  if (major >= 8) return throughLauncher(server, place, options)

  const java = [
    ...memoryFlags(options),
    ...commonFlags(place),
    ...withoutJna(server),
    ...flagsForNewJava(place.jdk.major),
  ]
  const libraries = [...(major === 1 ? [join(place.home, 'patch')] : []), join(place.home, 'lib', '*')]
  return {
    command: tool(place.jdk, 'java'),
    args: [
      ...java,
      `-Des.path.home=${place.home}`,
      ...(major === 5 ? [] : [`-Des.path.conf=${place.config}`]),
      ...(major >= 6 ? distributionFlags(place) : []),
      ...(major === 1 ? ['-Des.foreground=yes'] : []),
      '-cp',
      libraries.join(delimiter),
      'org.elasticsearch.bootstrap.Elasticsearch',
      ...(major === 2 ? ['start'] : []),
      ...(major === 5 ? [`-Epath.conf=${place.config}`] : []),
    ],
    env: { ...environment(place), ES_TMPDIR: place.temporary, LIBFFI_TMPDIR: place.temporary },
  }
}

function discovery(major: number, place: Place): Record<string, unknown> {
  if (major >= 5) return { 'discovery.type': 'single-node' }
  return {
    'discovery.zen.ping.multicast.enabled': false,
    'discovery.zen.ping.unicast.hosts': [`127.0.0.1:${place.transportPort}`],
  }
}

function hasModule(place: Place, name: string): boolean {
  return existsSync(join(place.home, 'modules', name))
}

/** These versions were made for Java 7 to 15, and reach into the JDK where newer ones no longer let them. */
function flagsForNewJava(java: number): string[] {
  const locales = java >= 9 ? ['-Djava.locale.providers=SPI,COMPAT'] : []
  if (java < 12) return locales
  return [
    ...locales,
    '-Djava.security.manager=allow',
    '--add-opens=java.base/java.io=ALL-UNNAMED',
    '--add-opens=java.base/java.lang=ALL-UNNAMED',
  ]
}

function distributionFlags(place: Place): string[] {
  return [
    `-Des.distribution.flavor=${hasModule(place, 'x-pack-core') ? 'default' : 'oss'}`,
    '-Des.distribution.type=zip',
    '-Des.bundled_jdk=false',
    '-Des.networkaddress.cache.ttl=60',
    '-Des.networkaddress.cache.negative.ttl=10',
  ]
}

/**
 * Since version 8 the server gets its arguments from a launcher in Java of its own, which starts it as its child. The scripts in
 * bin/ only find the JDK and the class path, which is known here.
 */
async function throughLauncher(server: ServerDescription, place: Place, options: StartOptions): Promise<Command> {
  const file = join(place.config, 'jvm.options')
  // These lines name folders below the home, which is shared and perhaps not writable, or another garbage collector.
  const unfit = /gc\.log|HeapDumpPath|ErrorFile|UseG1GC/
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => !unfit.test(line))
  await writeFile(file, lines.join('\n'))
  return {
    command: tool(place.jdk, 'java'),
    args: [
      '-Xmx64m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-XX:-UsePerfData',
      '-Dcli.name=server',
      '-Dcli.script=elasticsearch',
      '-Dcli.libs=lib/tools/server-cli',
      `-Des.path.home=${place.home}`,
      `-Des.path.conf=${place.config}`,
      '-Des.distribution.type=zip',
      `-Djava.io.tmpdir=${place.temporary}`,
      '-cp',
      [join(place.home, 'lib', '*'), join(place.home, 'lib', 'cli-launcher', '*')].join(delimiter),
      'org.elasticsearch.launcher.CliToolLauncher',
    ],
    cwd: place.home, // where it looks for lib/ and modules/
    env: {
      ...environment(place),
      ES_JAVA_HOME: place.jdk.home,
      ES_PATH_CONF: place.config,
      ES_TMPDIR: place.temporary,
      LIBFFI_TMPDIR: place.temporary,
      ES_JAVA_OPTS: [...memoryFlags(options), ...withoutJna(server)].join(' '),
    },
  }
}

const loggingOfVersion1 = `rootLogger: INFO, console
appender:
  console:
    type: console
    layout:
      type: consolePattern
      conversionPattern: "[%d{ISO8601}][%-5p][%-25c] %m%n"
`
