// Calls actions with the vendor's Node.js clients: reads a JSON object per line, writes one per line.
'use strict';

const readline = require('readline');
const { RPCClient } = require('@alicloud/pop-core');
const { $OpenApiUtil } = require('@alicloud/openapi-core');
const $dara = require('@darabonba/typescript');

const products = {
  ram: require('@alicloud/ram20150501'),
  sts: require('@alicloud/sts20150401'),
};

function popCore(method) {
  return async ({ host, version, action, parameters, key }) => {
    const client = new RPCClient({
      endpoint: `http://${host}`,
      apiVersion: version,
      accessKeyId: key.id,
      accessKeySecret: key.secret,
      securityToken: key.token || undefined,
    });
    return client.request(action, parameters, { method });
  };
}

async function current({ host, product, action, parameters, key }) {
  const sdk = products[product];
  const client = new sdk.default(new $OpenApiUtil.Config({
    endpoint: host,
    protocol: 'http',
    accessKeyId: key.id,
    accessKeySecret: key.secret,
    securityToken: key.token || undefined,
  }));
  const method = action[0].toLowerCase() + action.slice(1);
  const Request = sdk[`${action}Request`];
  const answer = Request
    ? await client[method]($dara.cast(parameters, new Request({})))
    : await client[method]();
  return answer.body.toMap();
}

const clients = { 'pop-core-get': popCore('GET'), 'pop-core-post': popCore('POST'), current };

function refusal(error) {
  const body = error.data || {};
  return {
    code: error.code,
    message: error.message,
    status: error.statusCode || null,
    requestId: error.requestId || body.RequestId || null,
    detail: error.accessDeniedDetail || null,
  };
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const wanted = JSON.parse(line);
    let said;
    try {
      said = { answered: await clients[wanted.kind](wanted) };
    } catch (error) {
      said = error.code && error.data ? { refused: refusal(error) } : { broken: error.stack || String(error) };
    }
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
}

main();
