#!/usr/bin/env python3
"""Makes the bundled scenarios: raw files of several systems in their own formats, and the truth about them.

    python3 make.py            writes the four scenario folders beside this file; same bytes every time

An order enters at kong, is taken by order-service, published to rabbitmq, mapped by mule, posted by erp-adapter to the
ERP, confirmed by billing; shipments go by kafka-connect to the supplier-adapter and its partner-gateway. One thing breaks.
"""
import json, random, os, datetime as dt, shutil

HERE = os.path.dirname(os.path.abspath(__file__))
MIN = 60.0


class Estate:
    def __init__(self, name, day, seed):
        self.name, self.r = name, random.Random(seed)
        self.t0 = dt.datetime(2026, 3, day, 8, 0, tzinfo=dt.timezone.utc)
        self.lines = {}
        self.skew = {"billing": 0.6, "erp-adapter": -1.8}
        self.truth = []

    def at(self, t, system, hours=0):
        return self.t0 + dt.timedelta(seconds=t + self.skew.get(system, 0), hours=hours)

    def put(self, system, file, t, text):
        self.lines.setdefault(f"{system}/{file}", []).append((t, text))

    def lat(self, median, sigma=0.4):
        return self.r.lognormvariate(0, sigma) * median

    def uuid(self):
        h = "%032x" % self.r.getrandbits(128)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def iso(d, ms=3):
    return d.strftime("%Y-%m-%dT%H:%M:%S.") + ("%06d" % d.microsecond)[:ms]


class Flow:
    """One order on its way; every step writes what the system would write."""

    def __init__(self, e, kind, t):
        self.e, self.kind, self.t, self.start = e, kind, t, t
        self.corr, self.trace, self.req = e.uuid(), "%032x" % e.r.getrandbits(128), e.uuid()
        self.order = f"ORD-{e.r.randrange(10**6, 10**7)}"
        self.idoc = "%016d" % e.r.randrange(10**6, 10**7)
        self.n, self.failed_at = {}, None

    def log(self, system, file, text, t=None):
        self.n[system] = self.n.get(system, 0) + 1
        self.e.put(system, file, self.t if t is None else t, text)

    def wait(self, seconds):
        self.t += seconds

    def kong(self, status, took):
        e, d = self.e, self.e.at(self.start, "kong")
        path = {"order": "/v1/orders", "shipment": "/v1/shipments"}[self.kind]
        rec = {"latencies": {"request": int(took * 1000), "kong": 2, "proxy": int(took * 1000) - 2}, "service": {"name": f"{self.kind}s-api", "id": "0e1f0a44-7b0d-4c1e-9a55-0c7a3f5e2d10"},
               "request": {"method": "POST", "uri": path, "size": e.r.randrange(300, 4000), "headers": {"host": "api.example.com", "x-request-id": self.req, "x-correlation-id": self.corr, "user-agent": "shop/4.2"}},
               "response": {"status": status, "size": e.r.randrange(90, 900), "headers": {}}, "client_ip": f"203.0.113.{e.r.randrange(250)}", "started_at": int(d.timestamp() * 1000)}
        self.log("kong", "access.log", json.dumps(rec, separators=(",", ":")), self.start + took)

    def envoy(self, status, took, flags="-"):
        e, d = self.e, self.e.at(self.start + 0.004, "envoy")
        self.log("envoy", "access.log", f'[{iso(d)}Z] "POST /v1/{self.kind}s HTTP/1.1" {status} {flags} {e.r.randrange(300,4000)} 212 {int(took*1000)} {int(took*1000)-1} "203.0.113.7" "shop/4.2" "{self.req}" "order-service:8080" "10.2.1.{e.r.randrange(9)}:8080"', self.start + took)

    def orders(self, level, logger, text, stack=""):
        d = self.e.at(self.t, "order-service")
        self.log("order-service", "app.log", f"{iso(d)}Z {level:>5} 1 --- [order-service] [nio-8080-exec-{self.e.r.randrange(40)}] [{self.trace}-{self.e.r.getrandbits(64):016x}] {logger:<40} : {text}" + stack)

    def rabbit(self, level, text):
        d = self.e.at(self.t, "rabbitmq")
        self.log("rabbitmq", "rabbit.log", f'{iso(d,6).replace("T"," ")}+00:00 [{level}] <0.{self.e.r.randrange(400,9000)}.0> {text} correlation_id=<<"{self.corr}">>')

    def mule(self, level, text, block=""):
        d = self.e.at(self.t, "mule", 1)
        self.log("mule", "mule.log", f'{level:<5} {iso(d).replace("T"," ").replace(".",",")} [[MuleRuntime].uber.{self.e.r.randrange(24):02}: [order-process-api].order-main.CPU_INTENSIVE @5a1b2c3d] [processor: order-main/processors/{self.e.r.randrange(6)}; event: {self.corr}] org.mule.runtime.core.internal.processor.LoggerMessageProcessor: {text}' + block)

    def adapter(self, level, text, **more):
        d = self.e.at(self.t, "erp-adapter")
        rec = {"@timestamp": iso(d) + "Z", "log.level": level, "message": text, "service.name": "erp-adapter", "ecs.version": "8.11", "labels": {"idoc": self.idoc}, "correlation_id": self.corr.upper(), **more}
        self.log("erp-adapter", "adapter.json", json.dumps(rec, separators=(",", ":")))

    def erp(self, status, kind, text):
        d = self.e.at(self.t, "erp", 1)
        self.log("erp", "idoc.log", f'{d.strftime("%Y%m%d|%H%M%S.")}{d.microsecond//1000:03}|ERP01|100|{self.idoc}|ORDERS05|{status}|{kind}|{self.corr.replace("-","")}|{text}|USER=ALEREMOTE')

    def billing(self, level, template, **more):
        d = self.e.at(self.t, "billing")
        rec = {"@t": iso(d) + "Z", "@mt": template, **({"@l": level} if level else {}), "CorrelationId": self.corr, "OrderNo": self.order, **more}
        self.log("billing", "billing.clef", json.dumps(rec, separators=(",", ":")))

    def connect(self, level, text, cls, stack="", named=True):
        d = self.e.at(self.t, "kafka-connect")
        head = f" headers=(x-correlation-id={self.corr}, key={self.order})" if named else ""
        self.log("kafka-connect", "connect.log", f'[{iso(d).replace("T"," ").replace(".",",")}] {level} [shipments-sink|task-{self.e.r.randrange(3)}] {text}{head} (org.apache.kafka.connect.{cls}:{self.e.r.randrange(90,140)})' + stack)

    def supplier(self, level, text, **more):
        d = self.e.at(self.t, "supplier-adapter")
        rec = {"level": {"info": 30, "warn": 40, "error": 50}[level], "time": int(d.timestamp() * 1000), "pid": 1, "hostname": "supplier-6d9", "reqId": self.req, "correlationId": self.corr, "msg": text, **more}
        self.log("supplier-adapter", "app.ndjson", json.dumps(rec, separators=(",", ":")))

    def partner(self, status, took):
        d = self.e.at(self.t, "partner-gateway")
        self.log("partner-gateway", "access.log", f'10.4.0.{self.e.r.randrange(9)} - - [{d.strftime("%d/%b/%Y:%H:%M:%S +0000")}] "POST /partner/dispatch HTTP/1.1" {status} 311 "-" "supplier-adapter/2.1" rt={took:.3f} cid={self.corr}')

    def stock(self, level, msg, rest=""):
        d = self.e.at(self.t, "inventory")
        self.log("inventory", "app.log", f'time={iso(d,6)}Z level={level} caller=reserve.go:96 msg="{msg}" corr_id={self.corr} {rest}'.rstrip())

    def end(self, verdict):
        self.e.truth.append({"corr": self.corr, "trace": self.trace, "key": self.order, "kind": self.kind, "verdict": verdict, "failed_at": self.failed_at, "events": self.n})


STACK = "\norg.springframework.web.client.ResourceAccessException: I/O error on POST request\n" + "".join(f"\tat com.acme.orders.{c}(Client.java:{l})\n" for c, l in (("Client.send", 88), ("OrderService.reserve", 141), ("OrderController.create", 52))).rstrip()


def order(e, t, fault):
    f = Flow(e, "order", t)
    f.wait(e.lat(0.006))
    f.orders("INFO", "c.acme.orders.api.OrderController", f"Received order {f.order} correlationId={f.corr} items={e.r.randrange(1,9)} total={e.r.uniform(9,900):.2f}")
    f.wait(e.lat(0.004))
    f.stock("info", "reserve request", f"sku=SKU-{e.r.randrange(99999)} qty={e.r.randrange(1,5)}")
    if fault == "pool":
        for attempt in (1, 2):
            f.wait(5)
            f.stock("error", "acquire connection failed", 'err="context deadline exceeded" pool=stock_rw in_use=20 max=20')
            f.orders("WARN", "c.acme.orders.client.InventoryClient", f"Reserve timed out for {f.order}, attempt {attempt} of 2")
        f.orders("ERROR", "c.acme.orders.api.OrderController", f"Order {f.order} failed: inventory did not answer", STACK)
        f.failed_at = "inventory"
        f.envoy(504, f.t - f.start, "UT"); f.kong(504, f.t - f.start + 0.01)
        return f.end("failed")
    f.wait(e.lat(0.02))
    f.stock("info", "stock reserved", f"dur={e.lat(18):.1f}ms")
    f.orders("INFO", "c.acme.orders.core.OrderService", f"Persisted order {f.order} state=CREATED")
    f.wait(e.lat(0.004))
    f.rabbit("info", "published exchange=orders routing_key=order.created")
    f.envoy(201, f.t - f.start); f.kong(201, f.t - f.start + 0.008)
    f.wait(e.lat(0.03))
    f.mule("INFO", f"Received message for {f.order}")
    f.wait(e.lat(0.03))
    f.mule("INFO", f"DataWeave transform done IDoc={f.idoc} batchId=B-20260310")
    tries = 3 if fault == "cert" else (2 if e.r.random() < 0.02 else 1)
    for attempt in range(1, tries + 1):
        f.wait(e.lat(0.02))
        f.adapter("INFO", f"POST /sap/bc/idoc IDoc {f.idoc} attempt={attempt}")
        f.wait(e.lat(0.08))
        if fault == "cert" or attempt < tries:
            why = "PKIX path validation failed: certificate expired, NotAfter in the past" if fault == "cert" else "Connection reset by peer"
            last = fault == "cert" and attempt == tries
            f.adapter("ERROR" if last else "WARN", f"Calling erp01.corp.example failed: {why}, attempt {attempt} of 3", **({"error.stack_trace": f"javax.net.ssl.SSLHandshakeException: {why}\n\tat sun.security.ssl.Alert.createSSLException(Alert.java:131)\n\tat com.acme.erp.ErpClient.post(ErpClient.java:77)"} if last else {}))
            if last:
                f.mule("ERROR", "", "\n" + "*" * 80 + f"\nMessage               : HTTP POST on resource 'https://erp-adapter/idoc' failed: internal server error (500).\nElement               : order-main/processors/4 @ order-process-api\nError type            : HTTP:INTERNAL_SERVER_ERROR\n" + "*" * 80)
                f.wait(0.01)
                f.rabbit("warning", "dead-lettered queue=orders.mule to=orders.mule.dlq reason=rejected")
                f.failed_at = "erp-adapter"
                return f.end("failed")
            f.wait(2 * attempt)
    f.erp(64, "S", "IDoc ready to be transferred to application")
    f.wait(e.lat(0.2))
    f.erp(53, "S", "Application document posted")
    f.wait(e.lat(0.05))
    f.billing(None, "Invoice {InvoiceNo} created in {Elapsed} ms", InvoiceNo=f"INV-{e.r.randrange(10**6)}", Elapsed=int(e.lat(40)))
    f.end("completed")


def shipment(e, t, fault):
    f = Flow(e, "shipment", t)
    f.wait(e.lat(0.005))
    f.orders("INFO", "c.acme.orders.api.ShipmentController", f"Shipment for {f.order} requested correlationId={f.corr}")
    f.envoy(202, 0.02); f.kong(202, 0.03)
    f.wait(e.lat(0.15))
    f.connect("INFO", "Put record topic=shipments.v1", "runtime.WorkerSinkTask")
    if fault == "schema":
        for attempt in (1, 2, 3):
            f.wait(0.4 * attempt)
            f.connect("ERROR", f"Error encountered in task shipments-sink-0, stage VALUE_CONVERTER, attempt {attempt} of 3.", "runtime.errors.LogReporter",
                      f"\norg.apache.kafka.connect.errors.DataException: Schema mismatch for subject shipments.v1-value\n\tat com.acme.connect.Convert.value(Convert.java:71)\nCaused by: org.apache.avro.AvroTypeException: Found shipment.v5, expecting shipment.v4, missing required field carrier_code (correlationId={f.corr})", attempt % 2 == 1)
        f.wait(0.05)
        f.connect("WARN", "Record sent to dead letter queue topic=shipments.v1.dlq", "runtime.errors.DeadLetterQueueReporter")
        f.failed_at = "kafka-connect"
        return f.end("failed")
    f.wait(e.lat(0.03))
    f.connect("INFO", "Delivered record to http sink status=202", "http.HttpSinkTask")
    f.wait(e.lat(0.01))
    f.supplier("info", f"dispatch requested for {f.order}")
    if fault == "throttle":
        for attempt in range(1, 5):
            f.wait(e.lat(0.03))
            f.partner(429, 0.004)
            f.supplier("warn", f"partner answered 429 quota exceeded, retrying at once, attempt {attempt} of 4", status=429)
        f.supplier("error", f"dispatch of {f.order} given up: partner throttles us", status=429)
        f.failed_at = "partner-gateway"
        return f.end("failed")
    f.wait(e.lat(0.1))
    f.partner(200, e.lat(0.09))
    f.wait(e.lat(0.02))
    f.supplier("info", f"dispatch confirmed for {f.order}", status=200)
    f.end("completed")


def noise(e, length):
    t = 0.0
    while t < length:
        t += e.r.expovariate(1 / 0.75)
        d = lambda s, h=0: e.at(t, s, h)
        pick = e.r.randrange(8)
        if pick == 0:
            e.put("envoy", "access.log", t, f'[{iso(d("envoy"))}Z] "GET /healthz HTTP/1.1" 200 - 0 2 1 0 "-" "kube-probe/1.29" "-" "order-service:8080" "10.2.1.3:8080"')
        elif pick == 1:
            e.put("order-service", "app.log", t, f'{iso(d("order-service"))}Z DEBUG 1 --- [order-service] [scheduling-1] [                                                 ] com.zaxxer.hikari.pool.HikariPool        : Pool stats (total=50, active={e.r.randrange(20)}) session={e.uuid()}')
        elif pick == 2:
            e.put("rabbitmq", "rabbit.log", t, f'{iso(d("rabbitmq"),6).replace("T"," ")}+00:00 [info] <0.{e.r.randrange(9000)}.0> accepting AMQP connection (10.2.3.{e.r.randrange(99)}:41000 -> 10.2.3.9:5672)')
        elif pick == 3:
            e.put("mule", "mule.log", t, f'INFO  {iso(d("mule",1)).replace("T"," ").replace(".",",")} [[MuleRuntime].uber.03: [order-process-api].heartbeat.CPU_LITE @1f2e3d4c] [processor: heartbeat/processors/0; event: ] org.mule.runtime.core.internal.processor.LoggerMessageProcessor: heartbeat ok queueDepth={e.r.randrange(9)}')
        elif pick == 4:
            e.put("inventory", "app.log", t, f'time={iso(d("inventory"),6)}Z level=debug caller=gc.go:7 msg="gc done" heap_mb={e.r.randrange(900)} pod_uid={e.uuid()}')
        elif pick == 5:
            e.put("erp", "idoc.log", t, f'{d("erp",1).strftime("%Y%m%d|%H%M%S.")}{d("erp").microsecond//1000:03}|ERP01|100|{e.r.randrange(10**6):016}|ZSD_DAILY|0|S||Job step finished|USER=BATCH01')
        elif pick == 6:
            e.put("kafka-connect", "connect.log", t, f'[{iso(d("kafka-connect")).replace("T"," ").replace(".",",")}] INFO [shipments-sink|task-1|offsets] Committing offsets asynchronously using sequence number {e.r.randrange(10**5)} (org.apache.kafka.connect.runtime.WorkerSinkTask:349)')
        else:
            e.put("partner-gateway", "access.log", t, f'10.4.0.1 - - [{d("partner-gateway").strftime("%d/%b/%Y:%H:%M:%S +0000")}] "GET /health HTTP/1.1" 200 12 "-" "kube-probe/1.29" rt=0.001 cid=-')


SCENARIOS = {
    "erp-certificate-expired": dict(day=10, seed=11, fault="cert", kind="order", title="Orders do not reach billing: a certificate behind the ERP adapter", root="erp", mode="expired-certificate",
        change=("erp-adapter", "certificate", "certificate of erp01.corp.example reached NotAfter, renewal job skipped"), metric=("erp-adapter", "erp_call_errors_per_s", 0.02, 3.0)),
    "schema-change-dead-letters": dict(day=11, seed=22, fault="schema", kind="shipment", title="Shipments vanish into dead letters after a schema change", root="kafka-connect", mode="schema-break",
        change=("order-service", "schema", "order-service 3.2.0 writes shipment schema v5 without carrier_code, kafka-connect expects v4"), metric=("kafka-connect", "dlq_records_total", 2.0, 400.0)),
    "partner-throttling": dict(day=12, seed=33, fault="throttle", kind="shipment", title="A partner throttles, and our retries make it worse", root="supplier-adapter", mode="partner-throttling",
        change=("partner-gateway", "partner-notice", "partner lowers the quota of /partner/dispatch from 600 to 60 a minute"), metric=("partner-gateway", "quota_remaining", 500.0, 0.0)),
    "pool-exhausted-by-batch": dict(day=13, seed=44, fault="pool", kind="order", title="A slow batch holds all connections of the inventory", root="inventory", mode="pool-exhaustion",
        change=("inventory", "config", "inventory stock recount batch moved from 02:00 to 09:00, holds stock_rw connections"), metric=("inventory", "db_pool_waiting", 0.0, 40.0)),
}
HERRINGS = [(0.12, "billing", "deploy", "billing 5.3.1: log level"), (0.35, "envoy", "config", "idle timeout 60 s to 75 s"), (0.55, "kong", "config", "rate limit of /v1/catalog raised"), (0.663, "billing", "deploy", "billing 5.3.2: text of the invoice mail"), (0.8, "order-service", "scale", "replicas 4 to 6 (autoscaler)")]


def make(name, s):
    e = Estate(name, s["day"], s["seed"])
    length, onset = 90 * MIN, 60 * MIN
    t = 0.0
    while t < length - 40:
        t += e.r.expovariate(1 / 11.0)
        kind = "order" if e.r.random() < 0.6 else "shipment"
        hit = kind == s["kind"] and t >= onset and e.r.random() < 0.55
        (order if kind == "order" else shipment)(e, t, s["fault"] if hit else None)
    noise(e, length)
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    for path, lines in e.lines.items():
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        lines.sort(key=lambda l: l[0])
        with open(os.path.join(folder, path), "w") as out:
            out.write("".join(text + "\n" for _, text in lines))
    stamp = lambda seconds: iso((e.t0 + dt.timedelta(seconds=seconds))) + "Z"
    changes = [(at * length, *rest) for at, *rest in HERRINGS] + [(onset - 90, *s["change"])]
    with open(os.path.join(folder, "changes.jsonl"), "w") as out:
        for at, system, kind, text in sorted(changes):
            out.write(json.dumps({"time": stamp(at), "system": system, "kind": kind, "text": text}) + "\n")
    with open(os.path.join(folder, "alerts.jsonl"), "w") as out:
        out.write(json.dumps({"time": stamp(onset + 180), "system": "kong", "kind": "alert", "text": "fewer orders and shipments completed than usual", "metric": "completed_per_min"}) + "\n")
    os.makedirs(os.path.join(folder, "metrics"), exist_ok=True)
    with open(os.path.join(folder, "metrics", "samples.csv"), "w") as out:
        out.write("time,system,metric,unit,value\n")
        at = 0
        while at < length:
            ramp = min(1.0, max(0.0, (at - onset) / 120))
            system, metric, usual, bad = s["metric"]
            rows = [("kong", "request_rate", "1/s", 0.09), ("order-service", "cpu_share", "%", 34.0), ("inventory", "db_pool_in_use", "", 9.0), ("rabbitmq", "queue_depth", "", 3.0 + (60 * ramp if s["fault"] == "cert" else 0)),
                    ("erp", "dialog_response_p95", "ms", 310.0), ("kafka-connect", "consumer_lag", "", 20.0 + (900 * ramp if s["fault"] == "schema" else 0)), ("supplier-adapter", "latency_p95", "ms", 120.0), (system, metric, "", usual + (bad - usual) * ramp)]
            for system, metric, unit, value in rows:
                out.write(f"{stamp(at)},{system},{metric},{unit},{value * (1 + 0.08 * (e.r.random() - 0.5)):.3f}\n")
            at += 15
    with open(os.path.join(folder, "truth_flows.jsonl"), "w") as out:
        for flow in e.truth:
            out.write(json.dumps(flow, separators=(",", ":")) + "\n")
    count = lambda verdict: sum(flow["verdict"] == verdict for flow in e.truth)
    with open(os.path.join(folder, "scenario.toml"), "w") as out:
        out.write(f'title = {json.dumps(s["title"])}\nonset = "{stamp(onset)}"\nroot_system = "{s["root"]}"\nculprit_change = {json.dumps(s["change"][2])}\nfailure_mode = "{s["mode"]}"\n\n[flows]\ntotal = {len(e.truth)}\ncompleted = {count("completed")}\nfailed = {count("failed")}\n\n[skew_ms]\nbilling = 600\nerp-adapter = -1800\n')
    with open(os.path.join(folder, "bridgewatch.toml"), "w") as out:
        out.write('# What an operator of these systems would configure: clocks that are printed without their zone, and owners.\n[systems.mule]\nzone = "+01:00"\nowner = "integration runtime"\n[systems.erp]\nzone = "+01:00"\nowner = "ERP operations"\n[systems.erp-adapter]\nowner = "ERP integration"\n[systems.kafka-connect]\nowner = "streaming platform"\n[systems.partner-gateway]\nowner = "partner management"\n[systems.supplier-adapter]\nowner = "supplier integration"\n[systems.inventory]\nowner = "stock team"\n[systems.order-service]\nowner = "order team"\n')


for name, scenario in SCENARIOS.items():
    make(name, scenario)
