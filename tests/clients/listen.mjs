// Subscribes with MQTT.js and prints READY, then each message as a line of JSON, until it is killed.
// node listen.mjs HOST PORT TOKEN FILTER VERSION(4|5) QOS CLIENT-ID CLEAN(true|false)
import mqtt from "mqtt";

const [host, port, token, filter, version, qos, clientId, clean] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const client = mqtt.connect({
  host,
  port: Number(port),
  protocol: "mqtt",
  protocolVersion: Number(version),
  clientId,
  username: "ignored",
  password: token,
  clean: clean === "true",
  properties: version === "5" ? { sessionExpiryInterval: clean === "true" ? 0 : 60 } : undefined,
  reconnectPeriod: 0,
  connectTimeout: 5000,
});
client.on("error", (error) => say({ error: error.message, code: error.code }));
client.on("message", (topic, payload, packet) =>
  say({ topic, payload: payload.toString(), qos: packet.qos, retain: packet.retain }),
);
client.on("connect", (connack) =>
  client.subscribe(filter, { qos: Number(qos) }, (error, granted) =>
    say(error ? { refused: error.message } : { ready: granted.map((each) => each.qos), present: connack.sessionPresent }),
  ),
);
