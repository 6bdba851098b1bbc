// docs/configuration.md, from the descriptions in the schema of the gateway's configuration.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { gatewaySchema } from '../src/config/gateway/gateway-schema.ts'
import { descriptionOf, entryOf, isList, isOptional, settingsOf } from '../src/config/gateway/schema-walk.ts'

const introduction = `# Configuration of the gateway

\`indexferry serve --config indexferry.yaml\` reads one YAML file; \`indexferry config check indexferry.yaml\` says whether it would be taken, and
what it comes to with every default. Everything that is wrong is told at once, with line and column. A setting that is not in the list below
is an error. What the command line gives (\`--cluster\`, \`--listen\`, \`--state\`) goes before the file.

- Keys may be nested or dotted: \`reindex.remote.allowlist: …\` is the same as the three levels.
- Every value may hold \`\${NAME}\`, which stands for an environment variable; one that is not set, or is empty, is an error. \`$\${\` stands for \`\${\` itself.
  Within \`{ }\` such a value must be put into quotes.
- A secret is a text, best taken from a variable, or \`{ file: PATH }\`, or the setting with \`_file\` behind it. Of the file the first line counts. A
  secret that stands in a configuration which other users of the machine may read is warned about.
- Paths are relative to the file. Sizes are powers of 1024 (\`5mb\`, \`1GiB\`), counts powers of 1000 (\`10k\`), times carry their unit (\`30s\`, \`5m\`, \`7d\`).
- A value that begins with \`*\`, \`!\`, \`@\`, \`%\` or a backtick must be put into quotes, as everywhere in YAML. Aliases (\`*name\`) of anchors (\`&name\`) are taken, merge
  keys (\`<<\`) are not.
`

type Rows = string[][]

export function configurationPage(notice: string, table: (head: readonly string[], rows: Rows) => string): string {
  const example = readFileSync(join(import.meta.dirname, '../docs/indexferry.example.yaml'), 'utf8')
  const parts = [notice, introduction]
  const top = settingsOf(gatewaySchema) ?? {}
  const head = ['setting', 'meaning', 'default']
  const single = Object.entries(top).filter(([, schema]) => !sectionIn(schema))
  parts.push('## The file as a whole\n', table(head, single.map(row)))
  for (const [name, schema] of Object.entries(top)) {
    if (!sectionIn(schema)) continue
    parts.push(
      `## ${name}\n`,
      `${descriptionOf(schema)?.help ?? ''}\n`,
      table(head, rowsOf(nameOfEntries(name, schema), schema)),
    )
  }
  parts.push(
    '## Example\n',
    `[indexferry.example.yaml](indexferry.example.yaml):\n\n\`\`\`yaml\n${example.trimEnd()}\n\`\`\`\n`,
  )
  return parts.join('\n')
}

/** The settings in a section, or in each entry of a list or map of sections. */
const sectionIn = (schema: z.ZodType): ReturnType<typeof settingsOf> => {
  const entry = entryOf(schema)
  return settingsOf(schema) ?? (entry && settingsOf(entry))
}

const nameOfEntries = (name: string, schema: z.ZodType): string => {
  if (settingsOf(schema)) return name
  return isList(schema) ? `${name}[]` : `${name}.NAME`
}

function rowsOf(name: string, schema: z.ZodType): Rows {
  return Object.entries(sectionIn(schema) ?? {}).flatMap(([key, inside]) => {
    const full = `${name}.${key}`
    if (!sectionIn(inside)) return [row([full, inside])]
    const help = descriptionOf(inside)?.help ?? ''
    const named = nameOfEntries(full, inside)
    return [[`\`${named}\``, help, named === full ? '' : 'none'], ...rowsOf(named, inside)]
  })
}

function row([name, schema]: readonly [string, z.ZodType]): string[] {
  const { help = '', takes, byDefault, example } = descriptionOf(schema) ?? {}
  const entry = entryOf(schema)
  const takesEntry = entry && descriptionOf(entry)?.takes
  const kind = entry ? (isList(schema) ? `list of ${takesEntry}` : `NAME: ${takesEntry}`) : takes
  const notes = [help, example ? `Example: \`${example}\`.` : '']
  const isPlain = byDefault !== undefined && /^[\w.:]+$/.test(byDefault) && byDefault !== 'none'
  const shown = isPlain ? `\`${byDefault}\`` : (byDefault ?? (isOptional(schema) ? 'none' : 'required'))
  return [`\`${name}\` <br> ${kind ?? ''}`, notes.filter(Boolean).join(' '), shown]
}
