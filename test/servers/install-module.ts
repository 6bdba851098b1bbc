// Installs the jars of a module, or of a whole lib/ folder.
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ServerDescription } from './catalogue.ts'
import type { Jdk } from './java.ts'
import type { ModuleSource } from './modules.ts'

export interface Workplace {
  home: string
  work: string
  jdk: Jdk
}

export async function copyInto(folder: string, files: string[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const file of files) await copyFile(file, join(folder, basename(file)))
}

/**
 * A module must not bring a jar that the server, or the module it extends, already has ("jar hell" ends the start), although its
 * dependencies do name the server's own. Versions may differ, so the names alone decide.
 */
export function without(files: string[], present: string[]): string[] {
  const names = new Set(present.map(libraryName))
  return files.filter((file) => !names.has(libraryName(file)))
}

function libraryName(file: string): string {
  return basename(file).replace(/-\d[\w.-]*\.jar$/, '')
}

export async function installModule(
  server: ServerDescription,
  module: ModuleSource,
  files: string[],
  home: string,
): Promise<void> {
  const folder = join(home, 'modules', module.name)
  await copyInto(folder, files)
  await writeDescriptor(folder, server, module)
  if (module.policy) await writeFile(join(folder, 'plugin-security.policy'), `${module.policy}\n`)
}

export async function writeDescriptor(folder: string, server: ServerDescription, module: ModuleSource): Promise<void> {
  const properties: Record<string, string | number> = {
    description: module.name,
    version: server.version,
    name: module.name,
    classname: module.pluginClass,
    'java.version': server.rootPage?.release ?? '1.8',
    [`${server.flavour}.version`]: server.version,
    'extended.plugins': module.extends ?? '',
    'has.native.controller': 'false',
  }
  if (module.isolated) properties.type = 'isolated'
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
  await writeFile(join(folder, 'plugin-descriptor.properties'), lines.join(''))
}
