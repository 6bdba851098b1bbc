// What the launch of a server of either flavour has in common.
import { writeFile } from 'node:fs/promises'
import type { ServerDescription } from './catalogue.ts'
import type { Jdk } from './java.ts'

/** Where one started server lives. */
export interface Place {
  /** The assembled server, shared by all starts of it and never written to. */
  home: string
  jdk: Jdk
  /** The temporary folder of this start, and what is in it. */
  folder: string
  config: string
  data: string
  logs: string
  temporary: string
  repository: string
  httpPort: number
  transportPort: number
}

export interface StartOptions {
  /** Default 512m. */
  heap?: string
  /** Default serial, which needs the least memory; a server that is measured wants g1. */
  gc?: 'serial' | 'g1'
  /** Default fast: only the quick compiler of the JVM, for servers that live a minute. */
  tier?: 'fast' | 'full'
  /** Further settings, as in elasticsearch.yml or opensearch.yml; they win over the launcher's own. */
  settings?: Record<string, unknown>
  /** Further folders for `fs` snapshot repositories, for servers that share one. Created when missing. */
  repositories?: string[]
}

export interface Command {
  command: string
  args: string[]
  /** Default: the temporary folder. */
  cwd?: string
  env: Record<string, string>
}

export function memoryFlags({ heap = '512m', gc = 'serial', tier = 'fast' }: StartOptions): string[] {
  return [
    `-Xms${heap}`,
    `-Xmx${heap}`,
    gc === 'serial' ? '-XX:+UseSerialGC' : '-XX:+UseG1GC',
    ...(tier === 'fast' ? ['-XX:TieredStopAtLevel=1'] : []),
    // Otherwise every JVM leaves a file in the temporary folder of the system.
    '-XX:-UsePerfData',
  ]
}

export function commonFlags(place: Place): string[] {
  return [
    '-Xss1m',
    '-Djava.awt.headless=true',
    '-Dfile.encoding=UTF-8',
    '-XX:-OmitStackTraceInFastThrow',
    '-Djna.nosys=true',
    '-Dio.netty.noUnsafe=true',
    '-Dio.netty.noKeySetOptimization=true',
    '-Dio.netty.recycler.maxCapacityPerThread=0',
    '-Dlog4j.shutdownHookEnabled=false',
    '-Dlog4j2.disable.jmx=true',
    '-Dlog4j2.formatMsgNoLookups=true',
    `-Djava.io.tmpdir=${place.temporary}`,
  ]
}

/** JNA, through which a server asks whether it is root, cannot load its native part: the server warns and goes on. */
export function withoutJna(server: ServerDescription): string[] {
  const root = process.getuid?.() === 0
  return root && server.asRoot === 'without-jna' ? ['-Djna.nounpack=true', '-Djna.boot.library.path=/nonexistent'] : []
}

/** Nothing of the caller's environment but this: a server must not find credentials or JVM options in it. */
export function environment(place: Place): Record<string, string> {
  const kept = Object.fromEntries(
    ['PATH', 'LANG', 'TZ', 'SYSTEMROOT'].flatMap((key) => {
      const value = process.env[key]
      return value === undefined ? [] : [[key, value]]
    }),
  )
  return {
    ...kept,
    HOME: place.folder,
    // repository-s3 otherwise asks the metadata service of a cloud machine for credentials.
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

/** JSON is YAML, whatever a value contains. */
export async function writeSettings(file: string, settings: Record<string, unknown>): Promise<void> {
  const lines = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
  await writeFile(file, lines.join(''))
}

/** What every version understands. */
export function commonSettings(place: Place, repositories: string[] = []): Record<string, unknown> {
  return {
    'cluster.name': `indexferry-${place.httpPort}`,
    'node.name': `node-${place.httpPort}`,
    'network.host': '127.0.0.1',
    'http.port': place.httpPort,
    'path.data': place.data,
    'path.logs': place.logs,
    'path.repo': [place.repository, ...repositories],
    'cluster.routing.allocation.disk.threshold_enabled': false,
  }
}

/**
 * Since 7.0 the memory breaker counts the heap as it stands, garbage included. The serial collector leaves garbage until the heap is full, so
 * a server that many tests share would refuse calls (429) at random.
 */
export function breakerSettings({ gc = 'serial' }: StartOptions): Record<string, unknown> {
  return gc === 'serial' ? { 'indices.breaker.total.use_real_memory': false } : {}
}

export const reindexSources = ['127.0.0.1:*', 'localhost:*']
