// `GET /_indexferry/openapi.json`: the described calls as an OpenAPI 3.1 document. Everything else is passed on to the cluster.
import { z } from 'zod'
import type { JsonObject } from '../../../model/json.ts'
import type { Route } from '../route.ts'
import type { ApiAnswer, ApiCall, ApiParameter } from './api-call.ts'
import { describedCalls } from './described-calls.ts'

export function openApiDocument(version: string): JsonObject {
  const schemas = new SchemaCollection()
  const paths: Record<string, Record<string, JsonObject>> = {}
  for (const call of describedCalls) {
    const path = call.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] ??= {}
    paths[path][call.method.toLowerCase()] = operation(call, schemas)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'indexferry gateway',
      version,
      summary: 'The calls that the gateway answers itself; everything else is passed on to the cluster.',
    },
    servers: [{ url: '/' }],
    tags: ['reindex', 'tasks', 'connections', 'replication', 'gateway'].map((name) => ({ name })),
    // None is enough where the cluster lets everybody in.
    security: [{ basic: [] }, { apiKey: [] }, {}],
    paths,
    components: { schemas: schemas.named, securitySchemes },
  }
}

const securitySchemes: JsonObject = {
  basic: { type: 'http', scheme: 'basic' },
  apiKey: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'ApiKey KEY' },
}

/** Routes that no described call stands for, as `METHOD path`. */
export function undescribed(routes: readonly Pick<Route, 'method' | 'path'>[]): string[] {
  const shape = (path: string): string => path.replaceAll(/:\w+/g, ':')
  const known = new Set(describedCalls.map(({ method, path }) => `${method} ${shape(path)}`))
  return routes
    .filter(({ method, path }) => !known.has(`${method} ${shape(path)}`))
    .map(({ method, path }) => `${method} ${path}`)
}

function operation(call: ApiCall, schemas: SchemaCollection): JsonObject {
  const { id, tag, summary, description, parameters = [], body, isBodyOptional = false, answers, isOpen } = call
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters: parameters.map((parameter) => parameterOf(parameter, schemas)) }),
    ...(body
      ? {
          requestBody: {
            required: !isBodyOptional,
            content: { 'application/json': { schema: schemas.add(body, 'input') } },
          },
        }
      : {}),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, schemas)]),
    ),
    ...(isOpen ? { security: [] } : {}),
  }
}

const parameterOf = (
  { name, in: place, description, schema }: ApiParameter,
  schemas: SchemaCollection,
): JsonObject => ({
  name,
  in: place,
  description,
  required: place === 'path',
  schema: schemas.add(schema, 'input'),
})

function answerOf({ description, schema, text }: ApiAnswer, schemas: SchemaCollection): JsonObject {
  if (text !== undefined) return { description, content: { [text]: { schema: { type: 'string' } } } }
  if (!schema) return { description }
  return { description, content: { 'application/json': { schema: schemas.add(schema, 'output') } } }
}

/** JSON Schemas of the shapes; those with a name stand once, under `components`. */
class SchemaCollection {
  readonly named: Record<string, JsonObject> = {}

  add(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
    const {
      $schema: _draft,
      $defs = {},
      ...rest
    } = z.toJSONSchema(schema, { io, override: withoutBounds }) as JsonObject
    for (const [name, definition] of Object.entries($defs as Record<string, JsonObject>)) {
      this.named[name] ??= moved(definition)
    }
    // A shape with a name that is asked for itself is not among its own definitions.
    const name = z.globalRegistry.get(schema)?.id
    if (name === undefined) return moved(rest)
    this.named[name] ??= moved(rest)
    return { $ref: `#/components/schemas/${name}` }
  }
}

/** Zod writes down what every integer of JavaScript keeps to. */
function withoutBounds({ jsonSchema }: { jsonSchema: { minimum?: number; maximum?: number } }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
}

/** With references that lead to `components`, and without the name that zod leaves in each definition. */
function moved(schema: JsonObject): JsonObject {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')
  const { id: _name, ...rest } = JSON.parse(text) as JsonObject
  return rest
}
