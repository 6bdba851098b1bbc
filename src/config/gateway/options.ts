// What the command line of the gateway takes; everything else is in its configuration file.
import { fileName, option, text } from '../../foundation/option.ts'

export const gatewayOptions = {
  cluster: option(text, {
    commands: ['serve'],
    help: 'URL of the cluster that the gateway stands in front of.',
    placeholder: 'URL',
    example: 'https://new.example.com:9200',
    defaultText: '`cluster` in the configuration',
    sensitive: true,
  }),
  listen: option(text, {
    commands: ['serve'],
    help: 'Address at which the gateway listens. Port 0 takes a free one.',
    placeholder: 'HOST:PORT',
    example: '127.0.0.1:9200',
    defaultText: '`listen` in the configuration, else 127.0.0.1:9200',
  }),
  config: option(fileName, {
    commands: ['serve'],
    help: 'Configuration of the gateway (YAML).',
    example: 'indexferry.yaml',
  }),
}
