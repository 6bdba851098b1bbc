// What is changed on the way: names, definitions, documents.
import { between, choice, count, fileName, option, pair, repeatable, text } from '../foundation/option.ts'

const commands = ['copy', 'follow', 'migrate', 'assess', 'verify'] as const

export const transformOptions = {
  rename: repeatable(pair('PATTERN=NAME', "'logs-*=archive-*'"), {
    commands,
    help: 'Names of target indexes. What each * of the pattern stood for is put in the place of each * of the name; a pattern with parentheses is a regular expression and gives $1, $2. The first that fits an index is used; others keep their names.',
    example: "'logs-*=archive-*'",
  }),
  types: option(choice('split', 'merge'), {
    commands,
    help: 'What becomes of an index with several mapping types (before Elasticsearch 6.0): `split` makes one target index of each type, INDEX-TYPE; `merge` puts all into one index with the type in a field.',
  }),
  typeField: option(text, {
    commands,
    help: 'Name of the field that holds the type after --types merge.',
    placeholder: 'FIELD',
    defaultText: '`type`',
  }),
  parentField: option(text, {
    commands,
    help: 'Name of the keyword field that holds the id of the parent where `_parent` is gone (before Elasticsearch 6.0).',
    placeholder: 'FIELD',
    defaultText: '`parent_id`',
  }),
  map: repeatable(pair('FIELD=TYPE', 'comment=text'), {
    commands,
    help: 'Mapping of one field of the target index: a field type, a JSON object with the whole mapping, `disabled`, or `-` to leave the field out. `*.TYPE` stands for all fields of a type of the source.',
    example: 'comment=text',
  }),
  set: repeatable(pair('SETTING=VALUE', 'refresh_interval=30s'), {
    commands,
    help: 'Setting of the target index; the value `null` leaves a setting of the source out.',
    example: 'codec=best_compression',
  }),
  shards: option(count, {
    commands,
    help: 'Primary shards of the target index.',
    defaultText: 'as the source',
    check: between(1, 1024),
  }),
  replicas: option(count, {
    commands,
    help: 'Replicas of the target index.',
    defaultText: 'as the source',
    check: between(0, 100),
  }),
  mappings: option(fileName, {
    commands,
    help: 'File with mappings, or with mappings and settings, that the target index is created with, instead of those of the source.',
    example: 'products-mapping.json',
  }),
  renameField: repeatable(pair('OLD=NEW', 'user=user_name'), {
    commands,
    help: 'Rename a field of each document; dots lead into objects.',
    example: 'user=user_name',
  }),
  dropField: repeatable(text, {
    commands,
    help: 'Remove a field of each document; dots lead into objects.',
    placeholder: 'FIELD',
  }),
  setField: repeatable(pair('FIELD=JSON', 'origin=\'"old cluster"\''), {
    commands,
    help: 'Set a field of each document to a JSON value.',
    example: 'migrated=true',
  }),
  transform: option(fileName, {
    commands,
    help: 'JavaScript module whose function `transform(document)` changes each document. Only with such a module are documents parsed; what no option changes arrives byte for byte.',
    example: './clean-up.js',
  }),
}
