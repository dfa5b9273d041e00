// Publishes one message with MQTT.js and prints what became of it, as one line of JSON.
// node publish.mjs HOST PORT TOKEN TOPIC PAYLOAD VERSION(4|5) QOS
import mqtt from "mqtt";

const [host, port, token, topic, payload, version, qos] = process.argv.slice(2);
const client = mqtt.connect({
  host,
  port: Number(port),
  protocol: "mqtt",
  protocolVersion: Number(version),
  clientId: `mqttjs-${process.pid}`,
  username: "ignored",
  password: token,
  clean: true,
  reconnectPeriod: 0,
  connectTimeout: 5000,
});
let finished = false;
const finish = (outcome) => {
  if (finished) return; // an error also closes: the first of them is the outcome
  finished = true;
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
  client.end(outcome.error !== undefined, () => process.exit(0));
};
const failed = (error) => finish({ error: error.message, code: error.code });
client.on("error", failed);
client.on("close", () => finish({ error: "closed" }));
client.on("connect", () =>
  client.publish(topic, payload, { qos: Number(qos) }, (error) => (error ? failed(error) : finish({ published: true }))),
);
