import type { z } from 'zod'
import {
  type ConfigNode,
  type ConfigPath,
  type ConfigTree,
  isConfigMap,
  isConfigText,
  type Position,
  settingName,
} from './config-tree.ts'
import { gatewaySchema } from './gateway-schema.ts'
import { descriptionOf, entryOf, settingsOf } from './schema-walk.ts'

/** Secrets that stand in the file itself, and credentials in its URLs. */
export function literalSecrets({
  root,
  places,
}: ConfigTree): { readonly position: Position | undefined; readonly setting: string }[] {
  const found: ConfigPath[] = []
  const visit = (schema: z.ZodType | undefined, node: ConfigNode, path: ConfigPath): void => {
    if (schema === undefined) return
    if (isConfigText(node)) {
      const isSecret = descriptionOf(schema)?.isSecret ?? false
      if (node.isLiteral && (isSecret || /:\/\/[^/@\s]*:[^/@\s]+@/.test(node.value))) found.push(path)
    } else if (Array.isArray(node)) {
      for (const [place, entry] of node.entries()) visit(entryOf(schema), entry, [...path, place])
    } else if (isConfigMap(node)) {
      const settings = settingsOf(schema)
      for (const [key, value] of Object.entries(node)) visit(settings?.[key] ?? entryOf(schema), value, [...path, key])
    }
  }
  visit(gatewaySchema, root, [])
  return found.map((path) => ({ position: places.find(root, path), setting: settingName(path) }))
}
