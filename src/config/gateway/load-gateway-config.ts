// Reads `indexferry.yaml`, says everything that is wrong with it at once, and fills in what it leaves open.
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Connection } from '../../cluster/connection.ts'
import { zonedName } from '../../engine/remote/private-link.ts'
import { stateFolder } from '../../engine/state-folder.ts'
import { IndexferryError, registerSecret } from '../../foundation/errors.ts'
import type { ValueType } from '../../foundation/option.ts'
import type { Environment } from '../parse-options.ts'
import { splitCredentials } from './cluster-sections.ts'
import {
  byPosition,
  type ConfigMap,
  type ConfigNode,
  type ConfigProblem,
  type ConfigTree,
  configError,
  formatProblem,
  isConfigText,
} from './config-tree.ts'
import { exposures } from './exposures.ts'
import type { GatewayConfig } from './gateway-config.ts'
import { type GatewaySettings, gatewaySchema } from './gateway-schema.ts'
import { literalSecrets } from './literal-secrets.ts'
import { problemsOf } from './problems-of-issues.ts'
import { readConfigTree } from './read-config-tree.ts'
import { clusterUrl, listenAddress } from './setting-types.ts'

/** What the command line says; it goes before the file. */
export interface GatewayOverrides {
  readonly cluster?: string | undefined
  readonly listen?: string | undefined
  readonly stateFolder?: string | undefined
}

export interface LoadedConfig {
  readonly config: GatewayConfig
  readonly warnings: readonly string[]
}

/** Throws CONFIG_INVALID with every problem of the file, and USAGE for what the command line gave. */
export async function loadGatewayConfig(
  file: string | undefined,
  overrides: GatewayOverrides = {},
  env: Environment = {},
): Promise<LoadedConfig> {
  const { settings, problems, warnings } = checkGatewayConfig(file, env)
  if (!settings) throw configError(file as string, problems)
  const config = complete(settings, overrides, env)
  return { config, warnings: [...warnings, ...exposures(config)] }
}

export interface CheckedConfig {
  /** Undefined when there are problems. */
  readonly settings: GatewaySettings | undefined
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly string[]
}

/** Reads the file alone, without the command line. Throws only where there is no file to be read. */
export function checkGatewayConfig(file: string | undefined, env: Environment): CheckedConfig {
  const bytes = file === undefined ? new Uint8Array() : readConfigFile(file)
  const tree = readConfigTree(bytes, dirname(resolve(file ?? '.')), env)
  // Nothing but what stands in the way of reading it: half a file has missing settings that are none.
  if (tree.problems.some(({ setting }) => setting === '')) {
    return { settings: undefined, problems: tree.problems, warnings: [] }
  }
  for (const section of ['cluster', 'standby'] as const) clusterAsMap(tree, section)
  const parsed = gatewaySchema.safeParse(tree.root)
  const problems = [...tree.problems, ...(parsed.success ? [] : problemsOf(parsed.error.issues, tree))].sort(byPosition)
  if (!parsed.success || problems.length > 0) return { settings: undefined, problems, warnings: [] }
  return { settings: parsed.data, problems, warnings: file === undefined ? [] : fileWarnings(file, tree, parsed.data) }
}

function readConfigFile(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    const sentence = `the configuration ${file} cannot be read: ${(error as Error).message}`
    throw new IndexferryError('CONFIG_INVALID', sentence, {
      remedy: 'Check the path and the permissions of the file.',
      cause: error,
    })
  }
}

/** `cluster: https://host:9200` is short for a section with that URL. */
function clusterAsMap({ root, places }: ConfigTree, section: 'cluster' | 'standby'): void {
  const cluster = root[section]
  if (!isConfigText(cluster)) return
  const map: ConfigMap = { url: cluster }
  const position = places.find(root, [section])
  if (position) places.setKey(map, 'url', position)
  ;(root as Record<string, ConfigNode>)[section] = map
}

/** What is allowed and probably not meant, as far as the file alone shows it. */
function fileWarnings(file: string, tree: ConfigTree, settings: GatewaySettings): string[] {
  const warn = (path: readonly string[], sentence: string) =>
    formatProblem(file, { position: tree.places.find(tree.root, path), setting: path.join('.'), sentence })
  const warnings: string[] = []
  if (Object.keys(tree.root).length === 0) warnings.push(warn([], 'the file has no settings; every default holds'))
  // On Windows the mode says nothing about who may read.
  const isOpen = process.platform !== 'win32' && (statSync(file).mode & 0o044) !== 0
  const literal = isOpen ? literalSecrets(tree) : []
  for (const { position, setting } of literal) {
    const sentence = `is a secret in a file that other users of this machine may read; take it from $\{NAME} or { file: PATH }, or chmod 600 the file`
    warnings.push(formatProblem(file, { position, setting, sentence }))
  }
  for (const entry of settings.reindex.allowlist) {
    const zoned = zonedName(entry.replace(/:[^:]*$/, ''))
    if (!zoned) continue
    const sentence = `has the entry ${entry}, a PrivateLink endpoint with its zone segment ${zoned.zone}; without it, as ${zoned.withoutZone}, it holds for every zone`
    warnings.push(
      warn(['reindex', 'remote', 'allowlist' in (tree.root.reindex ?? {}) ? 'allowlist' : 'whitelist'], sentence),
    )
  }
  return warnings
}

function complete(settings: GatewaySettings, overrides: GatewayOverrides, env: Environment): GatewayConfig {
  const { listen, tls, access, limits, reindex, domains, connections, replication, record } = settings
  return {
    listen: overrides.listen === undefined ? listen : parseOverride('listen', overrides.listen, listenAddress),
    tls,
    cluster: clusterOf(settings, overrides.cluster),
    standby: settings.standby,
    access,
    limits,
    reindex,
    domains,
    connections,
    replication,
    record,
    stateFolder: overrides.stateFolder || env.INDEXFERRY_STATE || settings.state || stateFolder(undefined, env),
  }
}

function clusterOf({ cluster }: GatewaySettings, override: string | undefined): Connection {
  if (override !== undefined) {
    const { url, username, password = '' } = splitCredentials(parseOverride('cluster', override, clusterUrl))
    const inUrl = username === undefined ? undefined : ({ kind: 'basic', username, password } as const)
    if (inUrl && password !== username) registerSecret(password)
    return { ...cluster, nodes: [url], ...(inUrl ? { authentication: inUrl } : {}) }
  }
  if (cluster && cluster.nodes.length > 0) return cluster
  throw new IndexferryError('CONFIG_INVALID', 'the gateway has no cluster to stand in front of', {
    remedy: 'Give its URL on the command line, or as `cluster: https://host:9200` in the configuration.',
  })
}

function parseOverride<Value>(option: string, text: string, type: ValueType<Value>): Value {
  const value = type.parse(text)
  if (value !== undefined) return value
  throw new IndexferryError('USAGE', `--${option} has a value ${JSON.stringify(text)} that is not ${type.expects}`)
}
