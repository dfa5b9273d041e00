// Publishes one message with MQTT.js and prints what became of it, as JSON.
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
const finish = (outcome) => {
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
  client.end(true, () => process.exit(0));
};
client.on("error", (error) => finish({ error: error.message, code: error.code }));
client.on("close", () => finish({ error: "closed" }));
client.on("connect", () => {
  client.publish(topic, payload, { qos: Number(qos) }, (error, packet) =>
    finish(error ? { error: error.message, code: error.code } : { published: true, reasonCode: packet?.reasonCode ?? 0 }),
  );
});
