#!/usr/bin/env python3
"""Sample data of bridgewatch: four incidents in four integration estates.

    make.py            write the four scenario folders next to this file
    make.py --check    read them back and check them against their own truth

Seeded and deterministic: the same script writes the same bytes. Standard library only.
"""
import csv
import io
import itertools
import json
import math
import random
import re
import shutil
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

SEED = 20260310
MS, SEC, MIN = 1000, 1_000_000, 60_000_000
SPAN_MIN = 90
EPOCH = datetime(1970, 1, 1)
LEVELS = {"DEBUG": (10000, 20, 7, "debug"), "INFO": (20000, 30, 6, "info"), "WARN": (30000, 40, 4, "warn"), "ERROR": (40000, 50, 3, "error")}
CUSTOMERS = ["Example Retail Ltd", "Muster & Söhne GmbH", "Beispiel Handels AG", "Sample Tools Inc", "Acme Fasteners Ltd", "Testmarkt Süd GmbH",
             "Demo Office Supplies", "Placeholder Parts BV", "Fabrikmuster KG", "Specimen Industries"]
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
          "okhttp/4.12.0", "shop-app/7.3.1 (iOS 18.3)", "python-requests/2.32.3"]
FAKE_BEARER = "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJkZW1vIn0.FAKE"
FAKE_MAIL = "jane.doe@example.com"
FAKE_CARD = "4111 1111 1111 1111"


def us(y, mo, d, h, mi, s=0):
    return int((datetime(y, mo, d, h, mi, s) - EPOCH).total_seconds()) * SEC


def dt(t):
    return EPOCH + timedelta(microseconds=t)


def iso(t, digits=3, sep="T", zone="Z"):
    d = dt(t)
    frac = f"{d.microsecond:06d}"
    if digits > 6:
        frac += f"{(t * 7919) % 1000:03d}"
    return d.strftime(f"%Y-%m-%d{sep}%H:%M:%S") + (("." + frac[:digits]) if digits else "") + zone


def render(msg, kw):
    return re.sub(r"\{(\w+)(?::[^}]*)?\}", lambda m: str(kw[m.group(1)]) if m.group(1) in kw else m.group(0), msg)


def js(o):
    return json.dumps(o, ensure_ascii=False, separators=(",", ":"))


class Flow:
    pass


class World:
    """One scenario: its clock, systems, flows and everything they wrote."""

    def __init__(self, name, start, onset_min, systems, culprit_before):
        self.name = name
        self.r = random.Random(f"{SEED}/{name}")
        self.t0, self.t1 = start, start + SPAN_MIN * MIN
        self.onset0 = start + int(onset_min * MIN)
        self.culprit_t = self.onset0 - culprit_before * SEC
        self.sys, self.recs, self.seq = {}, defaultdict(list), 0
        self.flows, self.spans, self.calls = [], [], defaultdict(list)
        self.counts = Counter()
        self.marks = defaultdict(list)  # named moments, for the metrics
        self.root_err, self.root = None, None
        self.forced = 0
        self.secrets = []
        for s, c in systems.items():
            c = dict(c)
            c.setdefault("ids", "c")
            c.setdefault("skew", 0)
            c.setdefault("off", 0)
            c["name"] = s
            c["pod"] = f"{s}-{self.hex(9)}-{self.r.choice('bcdfghjkl')}{self.hex(4)}"
            c["uid"] = self.uuid()
            self.sys[s] = c

    # -- random values
    def hex(self, n):
        return f"{self.r.getrandbits(4 * n):0{n}x}"

    def uuid(self):
        h = self.hex(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{self.r.choice('89ab')}{h[17:20]}-{h[20:]}"

    def ln(self, med_ms, sigma=0.35):
        return int(self.r.lognormvariate(math.log(med_ms), sigma) * MS)

    def p(self, x):
        return self.r.random() < x

    def new(self, kind, t):
        f = Flow()
        i = len(self.flows)
        f.kind, f.start, f.i = kind, t, i
        f.corr, f.trace, f.msg = self.uuid(), self.hex(32), self.uuid()
        f.sampled = self.p(0.6)
        x = self.uuid()
        f.xrid = x[:14] + ("9" if f.sampled else "4") + x[15:]
        f.rid, f.kongid = self.hex(32), self.hex(32)
        f.order = f"SO-{self.order0 + i * 7 + self.r.randrange(6)}"
        f.idoc = f"{self.idoc0 + i * 3 + self.r.randrange(2):016d}"
        f.tid = "0A" + self.hex(22).upper()
        f.edi = f"{self.edi0 + i * 2:09d}"
        f.cust = self.r.choice(CUSTOMERS)
        f.custno = f"C{self.r.randrange(10400, 10990)}"
        f.amount = round(self.r.lognormvariate(6.1, 0.9), 2)
        f.pos = self.r.randrange(1, 19)
        f.ip = f"203.0.113.{self.r.randrange(2, 250)}"
        f.verdict, f.failed_at, f.marks = "completed", None, []
        f.events, f.spanc, f.span = Counter(), Counter(), {}
        f.batch = None
        f.unl, f.done, f.rough = 0, t, False
        self.flows.append(f)
        return f

    def up(self, f):
        return f.corr.replace("-", "").upper()

    def sid(self, f, s):
        return f.span.setdefault(s, self.hex(16))

    def tp(self, f, s=None):
        return f"00-{f.trace}-{self.sid(f, s) if s else self.hex(16)}-0{int(f.sampled)}"

    # -- output
    def put(self, s, t, text, f=None, pt=None, unlinkable=False):
        c = self.sys[s]
        wrap = c.get("wrap")
        pt = t + c["skew"] if pt is None else pt
        if wrap == "docker":
            text = js({"log": text + "\n", "stream": "stdout", "time": iso(pt + 140, 9)})
        elif wrap == "cri":
            text = f"{iso(pt + 90, 9)} {'stderr' if c['fmt'] == 'zap' else 'stdout'} F {text}"
        self.seq += 1
        self.recs[s].append((t, self.seq, text))
        self.counts["flow" if f else "noise"] += 1
        if f is not None:
            if unlinkable:
                f.unl += 1
            else:
                f.events[s] += 1
            # When the work was done: a duplicate that is thrown away later is no work.
            if "uplicate" not in text:
                f.done = max(f.done, t)

    def log(self, s, t, lvl, logger, msg, f=None, /, ids=None, stack=None, th=None, unlinkable=False, **kw):
        c = self.sys[s]
        ids = c["ids"] if ids is None else ids
        if f is not None and lvl in ("WARN", "ERROR"):
            f.rough = True
        if f is None:
            ids = ""
        text = getattr(self, "f_" + c["fmt"])(c, t + c["skew"], lvl, logger, msg, f, ids, stack, th, kw)
        self.put(s, t, text, f, unlinkable=unlinkable)

    def f_spring(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        th = th or f"nio-8080-exec-{self.r.randrange(1, 11)}"
        tr = f"{f.trace}-{self.sid(f, c['name'])}" if "t" in ids else " " * 49
        pre = ""
        if "c" in ids:
            pre = f"[MSGGUID={self.up(f)}] " if c.get("up") else f"[{c.get('ck', 'corr')}={f.corr}] "
        line = f"{iso(t)} {lvl:>5} 1 --- [{c['name']}] [{th[-15:]:>15}] [{tr}] {logger:<40} : {pre}{render(msg, kw)}"
        return line + ("\n" + "\n".join(stack) if stack else "")

    def f_logstash(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        o = {"@timestamp": iso(t), "@version": "1", "message": render(msg, kw), "logger_name": logger,
             "thread_name": th or f"http-nio-8080-exec-{self.r.randrange(1, 11)}", "level": lvl, "level_value": LEVELS[lvl][0]}
        if "t" in ids:
            o["traceId"], o["spanId"] = f.trace, self.sid(f, c["name"])
        if "c" in ids:
            o["correlationId"] = f.corr
        o.update(kw)
        if stack:
            o["stack_trace"] = "\n".join(stack) + "\n"
        return js(o)

    def f_ecs(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        o = {"@timestamp": iso(t), "log.level": lvl, "message": render(msg, kw), "service.name": c["name"], "log.logger": logger, "ecs.version": "8.11"}
        if "t" in ids:
            o["trace.id"] = f.trace
        if "c" in ids:
            o["labels.correlation_id"] = f.corr
        for k, v in kw.items():
            o["labels." + k] = v
        if stack:
            o["error.stack_trace"] = "\n".join(stack) + "\n"
        return js(o)

    def f_clef(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        o = {"@t": iso(t, 7), "@mt": msg}
        if lvl != "INFO":
            o["@l"] = {"WARN": "Warning", "ERROR": "Error", "DEBUG": "Debug"}[lvl]
        if stack:
            o["@x"] = "\n".join(stack)
        if "t" in ids:
            o["@tr"], o["@sp"] = f.trace, self.sid(f, c["name"])
        o.update(kw)
        if "c" in ids:
            o["CorrelationId"] = self.up(f) if c.get("up") else f.corr
        o["SourceContext"] = logger
        return js(o)

    def f_zap(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        o = {"level": LEVELS[lvl][3], "ts": t / 1e6, "caller": logger, "msg": render(msg, kw)}
        if "t" in ids:
            o["trace_id"] = f.trace
        if "c" in ids:
            o["correlation_id"] = f.corr
        o.update(kw)
        if stack:
            o["stacktrace"] = "\n".join(stack)
        return js(o)

    def f_pino(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        o = {"level": LEVELS[lvl][1], "time": t // MS, "pid": 1, "hostname": c["pod"], "name": logger}
        if "r" in ids:
            o["reqId"] = f.rid
        if "t" in ids:
            o["traceId"] = f.trace
        if "c" in ids:
            o["x-correlation-id"] = f.corr
        o.update(kw)
        if stack:
            o["err"] = {"type": stack[0].split(":")[0], "message": stack[0].split(": ", 1)[-1], "stack": "\n".join(stack)}
        o["msg"] = render(msg, kw)
        return js(o)

    def f_logfmt(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        o = {"ts": iso(t, 6), "level": LEVELS[lvl][3], "caller": logger, "msg": render(msg, kw)}
        if "t" in ids:
            o["traceID"] = f.trace
        if "c" in ids:
            o["corr_id"] = f.corr
        o.update(kw)
        q = lambda v: '"' + str(v).replace('"', '\\"') + '"' if re.search(r'[\s="]', str(v)) or str(v) == "" else str(v)
        return " ".join(f"{k}={q(v)}" for k, v in o.items())

    def f_mule(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        flow = th or "main"
        ev = f.corr if "c" in ids else ""
        n = kw.pop("_n", self.r.randrange(0, 6))
        br = f"[processor: {flow}/processors/{n}; event: {ev}] " if f is not None and ev else ""
        head = (f"{lvl:<5} {iso(t + c['off'] * 3600 * SEC, 3, ' ', '').replace('.', ',')} [[MuleRuntime].uber.{self.r.randrange(1, 17):02d}: "
                f"[{c['app']}].{flow}.{self.r.choice(['CPU_LITE', 'BLOCKING', 'CPU_INTENSIVE'])} @{self.hex(4)}] {br}{logger}: {render(msg, kw)}")
        return head + ("\n" + "\n".join(stack) if stack else "")

    def f_connect(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        ctx = f"[{th}] " if th else ""
        head = f"[{iso(t + c['off'] * 3600 * SEC, 3, ' ', '').replace('.', ',')}] {lvl} {ctx}{render(msg, kw)} ({logger})"
        return head + ("\n" + "\n".join(stack) if stack else "")

    f_broker = f_connect

    def f_rabbit(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        l = {"WARN": "warning"}.get(lvl, lvl.lower())
        head = f"{iso(t, 6, ' ', '+00:00')} [{l}] <0.{self.r.randrange(700, 9000)}.0> {render(msg, kw)}"
        return head + ("\n" + "\n".join(stack) if stack else "")

    def f_s5424(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        sd = "-"
        if "t" in ids:
            sd = f'[opentelemetry trace_id="{f.trace}" span_id="{self.sid(f, c["name"])}" trace_flags="0{int(f.sampled)}"]'
        if "c" in ids:
            sd = ("" if sd == "-" else sd) + f'[ctx@32473 corr="{f.corr}"]'
        return f"<{16 * 8 + LEVELS[lvl][2]}>1 {iso(t, 6)} {c['host']} {c['name']} {c['pid']} {logger} {sd} {render(msg, kw)}"

    def f_s3164(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        d = dt(t)
        pre = ""
        if "c" in ids:
            pre = f" corr={self.up(f) if c.get('up') else f.corr}"
        return f"<{16 * 8 + LEVELS[lvl][2]}>{d.strftime('%b')} {d.day:>2} {d.strftime('%H:%M:%S')} {c['host']} {c['name']}[{c['pid']}]: {logger}: {render(msg, kw)}{pre}"

    def f_journald(self, c, t, lvl, logger, msg, f, ids, stack, th, kw):
        m = render(msg, kw)
        if "c" in ids:
            m += f" correlation={self.up(f) if c.get('up') else f.corr}"
        o = {"__REALTIME_TIMESTAMP": str(t), "__CURSOR": f"s={c['uid'].replace('-', '')};i={(t - self.t0 + 10 * SEC) // 500:x}", "PRIORITY": str(LEVELS[lvl][2]), "_HOSTNAME": c["host"],
             "_SYSTEMD_UNIT": f"{c['name']}.service", "SYSLOG_IDENTIFIER": logger, "_PID": c["pid"], "MESSAGE": list(m.encode("latin-1")) if th == "latin1" else m}
        return js(o)

    def idoc(self, s, t, f, status, text, ref=True, mestyp="ORDERS", tid=True, direct=2, docnum=None):
        c = self.sys[s]
        pt = t + c["skew"] + c["off"] * 3600 * SEC
        row = [iso(pt, 3, " ", ""), "100", docnum or f.idoc, str(direct), mestyp, str(status), "B2BPRD", "ERPCLNT100", f.order if ref and f else "", f.tid if tid and f else "", text]
        self.put(s, t, "|".join(row), f)

    IDOC_HEAD = "TIMESTAMP|CLIENT|DOCNUM|DIRECT|MESTYP|STATUS|SNDPRN|RCVPRN|REFKEY|TID|TEXT"
    EDI_HEAD = "timestamp,level,partner,direction,msgtype,interchange_ref,doc_number,correlation_id,status,detail"

    def edi(self, s, t, lvl, f, msgtype, status, detail, doc=True, corr=True, ref=None, partner=None, direction="in"):
        c = self.sys[s]
        b = io.StringIO()
        csv.writer(b, lineterminator="").writerow([iso(t + c["skew"]), lvl, partner or (f"PARTNER-{f.custno}" if f else ""), direction, msgtype, ref or (f.edi if f else ""),
                                                   f.order if f and doc else "", f.corr if f and corr else "", status, detail])
        self.put(s, t, b.getvalue(), f)

    def kong(self, s, t, dur, f, method, uri, status, svc, upms=None, upstatus=None, tries=1, corr=True, size=None):
        c = self.sys[s]
        ms = max(1, dur // MS)
        k = min(ms, self.r.randrange(1, 5))
        h = {"host": "api.example.com", "user-agent": self.r.choice(AGENTS) if f else "kube-probe/1.31"}
        rid = f.kongid if f else self.hex(32)
        if f and corr:
            h["x-correlation-id"] = f.corr
            if self.p(0.65):
                h["traceparent"] = self.tp(f)
            h["authorization"] = "REDACTED"
        o = {"request": {"id": rid, "method": method, "uri": uri, "url": f"https://api.example.com:443{uri}", "size": self.r.randrange(300, 2600), "querystring": {}, "headers": h}}
        if f:
            o["correlation_id"] = f.corr
        o.update({"upstream_uri": uri, "upstream_status": str(upstatus if upstatus is not None else status),
                  "response": {"status": status, "size": size or self.r.randrange(120, 900), "headers": {}},
                  "latencies": {"kong": k, "proxy": -1 if upstatus == "" else max(0, ms - k), "request": ms, "receive": 0},
                  "tries": [{"ip": f"10.20.4.{self.r.randrange(10, 14)}", "port": 8080, "balancer_latency": 0} for _ in range(tries)],
                  "route": {"name": svc}, "service": {"name": svc}, "client_ip": f.ip if f else "10.20.0.5", "started_at": (t + c["skew"]) // MS, "workspace_name": "default"})
        self.put(s, t + dur, js(o), f)
        if f:
            self.calls[s].append((t + dur, dur / MS, status < 500))

    def nginx(self, s, t, dur, f, method, uri, status, cid=False, ua=None):
        c = self.sys[s]
        pt = dt(t + dur + c["skew"]).strftime("%d/%b/%Y:%H:%M:%S +0000")
        line = (f'{f.ip if f else "10.20.0.5"} - - [{pt}] "{method} {uri} HTTP/1.1" {status} {self.r.randrange(90, 4000)} "{"https://shop.example.com/checkout" if f else "-"}" '
                f'"{ua or self.r.choice(AGENTS)}" rt={dur / 1e6:.3f} rid={f.rid if f else self.hex(32)} cid={f.corr if f and cid else "-"}')
        self.put(s, t + dur, line, f)
        if f:
            self.calls[s].append((t + dur, dur / MS, status < 500))

    def envoy(self, s, t, dur, f, method, uri, status, flags="-", host="10.20.6.14:8080", auth="api.example.com", ups=None, istio=None, calls=True, detail=None):
        c = self.sys[s]
        ms = dur // MS
        up = "-" if flags in ("UT", "UF", "UH") else str(max(0, ms - 1))
        det = ""
        if istio:
            det = f'{detail or ("via_upstream" if flags == "-" else "upstream_response_timeout")} - "-" '
        line = (f'[{iso(t + c["skew"])}] "{method} {uri} HTTP/1.1" {status} {flags} {det}{self.r.randrange(0, 2400)} {self.r.randrange(60, 900)} {ms} {up} "{f.ip if f else "-"}" '
                f'"{"Go-http-client/1.1" if s == "egress-proxy" and auth != "egress" else self.r.choice(AGENTS) if f else "kube-probe/1.31"}" "{f.xrid if f else self.uuid()}" "{auth}" "{host}"')
        if istio:
            line += f" outbound|8080||{istio}.prod.svc.cluster.local 10.20.6.2:{self.r.randrange(32000, 60000)} 10.20.6.2:8443 {f.ip if f else '10.20.0.5'}:{self.r.randrange(32000, 60000)} {auth} default"
        self.put(s, t + dur, line, f)
        if f and calls:
            self.calls[s].append((t + dur, dur / MS, status < 500))

    def hop(self, f, s, name, a, b, ok=True, parent=None, kind=2, attrs=None, err=None, fresh=False):
        """A call handled by s between a and b: counted for the metrics, and a span when the flow is sampled."""
        if kind != 3:
            self.calls[s].append((b, (b - a) / MS, ok))
        if not f.sampled or not self.sys[s].get("otel"):
            return
        k = self.sys[s]["skew"]
        sp = {"traceId": f.trace, "spanId": self.hex(16) if fresh else self.sid(f, s), "parentSpanId": self.sid(f, parent) if parent else "", "name": name, "kind": kind,
              "startTimeUnixNano": str((a + k) * 1000 + self.r.randrange(1000)), "endTimeUnixNano": str((b + k) * 1000 + self.r.randrange(1000)),
              "attributes": [{"key": q, "value": {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v}} for q, v in (attrs or {}).items()],
              "status": {} if ok else {"code": 2, **({"message": err} if err else {})}}
        if not parent:
            sp["attributes"].append({"key": "app.correlation_id", "value": {"stringValue": f.corr}})
        self.spans.append((b, s, sp))
        f.spanc[s] += 1

    def arrivals(self, plan):
        """plan: kind -> (flows, fn, batch?); gives the flows in order of time."""
        end = self.t1 - self.tail * SEC
        out = []
        for kind, (n, fn, batch) in plan.items():
            if batch:
                runs = 10
                for i in range(runs):
                    t = self.t0 + int((4.2 + i * 8.9) * MIN) + self.r.randrange(0, 20) * SEC
                    if t > end:
                        t = end - self.r.randrange(30) * SEC
                    no = f"{batch}-{dt(self.t0):%Y%m%d}-{i + 11:03d}"
                    for _ in range(n // runs + self.r.randrange(-1, 2)):
                        t += self.ln(1600, 0.6)
                        out.append((t, kind, fn, no))
            else:
                for _ in range(n):
                    out.append((self.t0 + 3 * SEC + self.r.randrange(end - self.t0 - 3 * SEC), kind, fn, None))
                for j in range(2 if kind in self.early else 0):
                    out.append((self.onset0 + int((2.2 + j * 9) * SEC), kind, fn, None))
        out.sort(key=lambda x: (x[0], x[1]))
        for t, kind, fn, no in out:
            f = self.new(kind, t)
            f.batch = no
            fn(f, t)

    def fate(self, t, weights):
        """The incident's effect on a flow that reaches the root system at t: (fail, stuck, slow)."""
        if t < self.onset0:
            return "ok"
        self.forced += 1
        if self.forced <= 2:
            return "fail"
        x = self.r.random()
        ramp = min(1.0, 0.75 + (t - self.onset0) / (8 * MIN))
        for name, w in zip(("fail", "stuck", "slow"), weights):
            if x < w * ramp:
                return name
            x -= w * ramp
        return "ok"

    def bg(self, t, p=0.013):
        """A background failure, before onset and now and then after it (never in the minutes around it)."""
        return not (self.onset0 - 4 * MIN < t < self.onset0 + 2 * MIN) and self.p(p)

    def fail(self, f, s, t):
        f.verdict, f.failed_at = "failed", s
        f.failed_t = t
    
    def rooterr(self, t):
        if t >= self.culprit_t and (self.root_err is None or t < self.root_err):
            self.root_err = t

    def noise(self, plan, share):
        """plan: system -> (weight, [(weight, fn(t))]); as many records as give the share asked for."""
        need = int(self.counts["flow"] * share / (1 - share))
        tot = sum(v[0] for v in plan.values())
        for s, (wt, fns) in plan.items():
            n = max(20, int(need * wt / tot))
            step = (self.t1 - self.t0) / n
            for i in range(n):
                t = self.t0 + int(i * step + self.r.random() * step * 0.25) + 400 * MS
                fn = self.r.choices([x[1] for x in fns], [x[0] for x in fns])[0]
                fn(t)


def beat(w, s, lvl, logger, msg, /, **gen):
    """A background record whose fields are drawn anew each time."""
    return lambda t: w.log(s, t, lvl, logger, msg, th=gen.get("th"), **{k: (v() if callable(v) else v) for k, v in gen.items() if k != "th"})


def rabbit_pub(w, t, f, ex, rk, q, tp=False):
    extra = f' headers=[{{<<"traceparent">>,longstr,<<"{w.tp(f)}">>}}]' if tp else ""
    w.log("rabbitmq", t, "INFO", "", f'publish in vhost \'/\' exchange \'{ex}\' routing_key=<<"{rk}">> queues=[\'{q}\'] message_id=<<"{f.msg}">> correlation_id=<<"{f.corr}">>{extra}', f)
    w.marks["q+" + q].append(t)


def rabbit_del(w, t, f, q, redelivered=False):
    w.log("rabbitmq", t, "INFO", "", f'deliver queue \'{q}\' consumer_tag=<<"amq.ctag-{w.hex(10)}">> redelivered={str(redelivered).lower()} message_id=<<"{f.msg}">>', f)


MULE_STARS = "*" * 80


def mule_block(w, s, t, f, flow, n, elem, message, errtype, doc, idless=False):
    app = w.sys[s]["app"]
    w.log(s, t, "ERROR", "org.mule.runtime.core.internal.exception.OnErrorPropagateHandler", "", f, th=flow, _n=n, ids="" if idless else None, stack=[
        MULE_STARS, f"Message               : {message}", f"Element               : {flow}/processors/{n} @ {app}:{flow}.xml:{60 + n * 7} ({doc})",
        f"Element DSL           : <{elem} doc:name=\"{doc}\"></{elem.split()[0]}>", f"Error type            : {errtype}",
        f"FlowStack             : at {flow}({flow}/processors/{n} @ {app}:{flow}.xml:{60 + n * 7} ({doc}))"]
        + ([f"Payload               : {{\"orderNo\":\"{f.order}\",\"correlationId\":\"{f.corr}\"}}"] if idless else [])
        + ["", "  (set debug level logging or '-Dmule.verbose.exceptions=true' for everything)", MULE_STARS])


def frames(*fr, more=None):
    return [f"\tat {x}" for x in fr] + ([f"\t... {more} common frames omitted"] if more else [])


# ------------------------------------------------------------------ metrics

def metric_rows(w, spec):
    """spec: (system, metric, unit, fn(t)); one file for each system."""
    out = defaultdict(list)
    step = 15 * SEC
    for s, m, u, fn in spec:
        t = w.t0
        while t <= w.t1:
            v = fn(t)
            v = f"{v:.0f}" if u in ("messages", "records", "connections", "requests", "ms", "1/min") else f"{v:.3f}"
            out[s].append((t, f"{iso(t, 0)},{s},{m},{u},{v}"))
            t += step
    return {s: "time,system,metric,unit,value\n" + "\n".join(x[1] for x in sorted(rows, key=lambda x: x[0])) + "\n" for s, rows in out.items()}


def window(ev, t, back):
    return [e for e in ev if t - back < e[0] <= t]


def m_rate(w, s, base):
    ev = w.calls[s]
    return lambda t: max(0, len(window(ev, t, 2 * MIN)) / 2 + base + w.r.gauss(0, base * 0.06))


def m_err(w, s, base):
    ev = w.calls[s]

    def fn(t):
        x = window(ev, t, 2 * MIN)
        bad = sum(1 for e in x if not e[2])
        return min(1.0, max(0.0, bad / (len(x) + 2 * base) + abs(w.r.gauss(0, 0.0015))))
    return fn


def m_p95(w, s, floor):
    ev = w.calls[s]

    def fn(t):
        x = sorted(e[1] for e in window(ev, t, 3 * MIN))
        v = x[min(len(x) - 1, int(len(x) * 0.95))] if x else floor
        return max(floor * 0.7, v * (1 + w.r.gauss(0, 0.03)))
    return fn


def m_cpu(w, base, after=0.0):
    return lambda t: min(0.99, max(0.01, base + 0.03 * math.sin((t - w.t0) / (17 * MIN)) + w.r.gauss(0, 0.02) + (after * min(1, (t - w.onset0) / (3 * MIN)) if t > w.onset0 else 0)))


def m_queue(w, plus, minus, base=1.2, ramp=0.0):
    """Depth: what came in and did not leave, over a little background."""
    return lambda t: max(0, sum(1 for x in plus if x <= t) - sum(1 for x in minus if x <= t) + abs(w.r.gauss(0, base)) + (ramp * (t - w.onset0) / MIN if t > w.onset0 else 0))


def m_count(w, name):
    ev = w.marks[name]
    return lambda t: sum(1 for x in ev if x <= t)


# ------------------------------------------------------------------ scenario 1

def scenario1():
    w = World("erp-certificate-expired", us(2026, 3, 10, 8, 0), 60.6, {
        "kong": dict(fmt="kong", file="access.log"),
        "order-service": dict(fmt="logstash", file="app.log", ids="ct", otel=1),
        "pricing-service": dict(fmt="clef", file="pricing.log", ids="t", otel=1, skew=600 * MS),
        "rabbitmq": dict(fmt="rabbit", file="rabbit@mq-prd-01.log"),
        "mule": dict(fmt="mule", file="orders-sys-api.log", app="orders-sys-api", off=1),
        "erp-adapter": dict(fmt="spring", file="erp-adapter.log", ids="ct", up=1, otel=1),
        "erp": dict(fmt="pipe", file="idoc.log", off=1),
        "edi-gateway": dict(fmt="csv", file="edi.log"),
        "billing": dict(fmt="ecs", file="billing.log", ids="ct", otel=1),
        "warehouse": dict(fmt="logfmt", file="warehouse.log", ids="t", otel=1, skew=-1800 * MS),
    }, 46)
    w.tail = 75
    w.root, w.early = "erp-adapter", {"web-order", "credit-check"}
    w.order0, w.idoc0, w.edi0 = 10482000, 4711200, 104410
    r = w.r
    notafter = w.culprit_t
    na = dt(notafter).strftime("%a %b %d %H:%M:%S UTC %Y")
    tenant = w.uuid()
    gw = ["s4-gw-01.example.com", "s4-gw-02.example.com", "s4-gw-03.example.com"]
    PK = "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed"

    def stack(url, corr=None, full=True):
        s = [f"org.springframework.web.client.ResourceAccessException: I/O error on POST request for \"{url}\": {PK}"]
        s += frames("org.springframework.web.client.RestTemplate.createResourceAccessException(RestTemplate.java:926)", "org.springframework.web.client.RestTemplate.doExecute(RestTemplate.java:906)",
                    "com.example.erp.adapter.IdocHttpClient.post(IdocHttpClient.java:118)", "com.example.erp.adapter.IdocDispatcher.dispatch(IdocDispatcher.java:74)")
        if corr:
            s += [f"Caused by: com.example.erp.adapter.ErpTransportException: IDoc transport failed, correlationId={corr}"] + frames("com.example.erp.adapter.IdocHttpClient.wrap(IdocHttpClient.java:141)", more=38)
        s += [f"Caused by: javax.net.ssl.SSLHandshakeException: {PK}"]
        s += frames("java.base/sun.security.ssl.Alert.createSSLException(Alert.java:130)", "java.base/sun.security.ssl.CertificateMessage$T13CertificateConsumer.checkServerCerts(CertificateMessage.java:1351)", more=44)
        s += [f"Caused by: java.security.cert.CertificateExpiredException: NotAfter: {na}"]
        s += frames("java.base/sun.security.x509.CertificateValidity.valid(CertificateValidity.java:273)", "java.base/sun.security.provider.certpath.BasicChecker.verifyValidity(BasicChecker.java:190)", more=71)
        return s

    L = "c.e.erp.adapter.IdocHttpClient"

    def adapter(f, t, parent, mestyp, weights, sync=False):
        """The call of the ERP through the adapter. Gives (outcome, time)."""
        a = t
        t += w.ln(9)
        fate = w.fate(t, weights)
        if fate == "stuck":
            w.log("erp-adapter", t, "INFO", "c.e.erp.adapter.IdocDispatcher", "Queued {m} for {o}, waiting for a free HTTP connection (pool s4-gw: leased 20, pending {n})", f, m=mestyp, o=f.order, n=r.randrange(3, 40))
            f.verdict = "stuck"
            return "stuck", t
        w.log("erp-adapter", t, "INFO", "c.e.erp.adapter.IdocDispatcher", "Sending {m} for {o} to https://s4-gw.example.com:44300/erp/idoc/inbound", f, m=mestyp, o=f.order)
        bad = {"fail": 2 if sync else 3, "slow": r.randrange(1, 3), "ok": 0}[fate]
        if fate == "ok" and w.p(0.02):
            t += w.ln(240)
            w.log("erp-adapter", t, "WARN", L, "Attempt 1/3 to {g} for {o} failed: java.net.SocketException: Connection reset", f, g=r.choice(gw), o=f.order)
            f.marks.append("retried")
            t += w.ln(700)
        for i in range(bad):
            t += w.ln(31)
            g = r.choice(gw[1:])
            w.rooterr(t)
            if i < 2 or fate == "slow":
                w.log("erp-adapter", t, "WARN", L, "Attempt {i}/3 to {g}:44300 for {o} failed: javax.net.ssl.SSLHandshakeException: {e}", f, i=i + 1, g=g, o=f.order, e=PK)
            w.hop(f, "erp-adapter", "POST /erp/idoc/inbound", t - 31 * MS, t, False, "erp-adapter", 3, {"server.address": g, "error.type": "javax.net.ssl.SSLHandshakeException"}, "PKIX path validation failed", fresh=True)
            w.marks["tls"].append(t)
            t += int((0.4 if sync else 2.0 * 2 ** i) * SEC * r.uniform(0.9, 1.15))
            f.marks.append("retried")
        if fate == "fail":
            cont = w.p(0.3)
            w.log("erp-adapter", t, "ERROR", "c.e.erp.adapter.IdocDispatcher", "Giving up on {m} after {n} attempts", f, ids="" if cont else "ct", m=mestyp, n=bad, stack=stack("https://s4-gw.example.com:44300/erp/idoc/inbound", f.corr if cont else None))
            w.hop(f, "erp-adapter", "dispatch " + mestyp, a, t, False, parent, 2, {"messaging.message.id": f.msg}, "IDoc transport failed")
            w.fail(f, "erp-adapter", t)
            return "fail", t
        t += w.ln(120, 0.4)
        w.idoc("erp", t, f, 64, "IDoc ready to be transferred to application", mestyp=mestyp)
        te = t + w.ln(340, 0.5)
        if w.bg(t, 0.012):
            w.idoc("erp", te, f, 51, f"Material {r.randrange(100, 999)}-{r.randrange(10, 99)} is not defined in plant 1010", ref=False, tid=False, mestyp=mestyp)
            w.log("erp-adapter", te + w.ln(40), "ERROR", "c.e.erp.adapter.IdocStatusListener", "IDoc {d} for {o} in status 51: application document not posted", f, d=f.idoc, o=f.order)
            w.hop(f, "erp-adapter", "dispatch " + mestyp, a, te, False, parent)
            w.fail(f, "erp", te)
            return "fail", te + 60 * MS
        w.idoc("erp", te, f, 53, "Application document posted", ref=False, tid=w.p(0.5), mestyp=mestyp)
        t = te + w.ln(22)
        w.log("erp-adapter", t, "INFO", "c.e.erp.adapter.IdocStatusListener", "IDoc number {d} posted for {o} TID={x}", f, d=f.idoc, o=f.order, x=f.tid)
        w.hop(f, "erp-adapter", "dispatch " + mestyp, a, t, True, parent, 2, {"messaging.message.id": f.msg, "erp.idoc": f.idoc})
        if fate == "slow":
            f.verdict = "slow"
        return "ok", t

    def ware(f, t, ok=True):
        a = t
        t += w.ln(18)
        w.log("warehouse", t, "INFO", "pick/create.go:61", "pick request created", f, ids="t" if w.p(0.55) else "", order=f.order, positions=f.pos, wave=f"W{dt(t):%H}{dt(t).minute // 10}")
        b = t + w.ln(80)
        w.log("warehouse", b, "INFO", "pick/assign.go:112", "pick assigned", f, ids="", order=f.order, zone=r.choice("ABCDE"))
        w.hop(f, "warehouse", "pick.create", a, b, True, "erp-adapter" if f.kind != "quote" else "order-service")
        return b

    def price(f, t):
        a = t
        t += w.ln(14)
        w.log("pricing-service", t, "INFO", "Pricing.Api.QuoteController", "Priced {Positions} positions for {Channel} in {Elapsed:0.0} ms", f, Positions=f.pos, Channel="web", Elapsed=round(w.ln(11) / MS, 1), TenantId=tenant)
        w.hop(f, "pricing-service", "POST /price", a, t + 3 * MS, True, "order-service", 2, {"http.response.status_code": 200})
        return t + 3 * MS

    def web(f, t):
        a, t = t, t + w.ln(6)
        O = "com.example.orders.OrderController"
        w.log("order-service", t, "INFO", O, "Order {orderNo} received from {customer}, {positions} positions, {amount} EUR", f, orderNo=f.order, customer=f.cust, positions=f.pos, amount=f.amount, tenantId=tenant)
        if w.bg(t, 0.008):
            t += w.ln(9)
            w.log("order-service", t, "ERROR", O, "Validation of {orderNo} failed: ship-to party is blocked for delivery", f, orderNo=f.order)
            w.hop(f, "order-service", "POST /v1/orders", a, t, False, None, 2, {"http.response.status_code": 422})
            w.kong("kong", a, t + 2 * MS - a, f, "POST", "/v1/orders", 422, "orders")
            return w.fail(f, "order-service", t)
        t = price(f, t + w.ln(4))
        t += w.ln(8)
        rabbit_pub(w, t, f, "orders", "order.created", "erp.orders", w.p(0.3))
        w.log("order-service", t + 2 * MS, "INFO", "com.example.orders.OrderPublisher", "Published order.created for {orderNo}", f, ids="c", orderNo=f.order, messageId=f.msg)
        b = t + w.ln(5)
        w.hop(f, "order-service", "POST /v1/orders", a, b, True, None, 2, {"http.response.status_code": 202, "app.order": f.order})
        w.kong("kong", a, b + 2 * MS - a, f, "POST", "/v1/orders", 202, "orders")
        t = b + w.ln(35, 0.6)
        if t > w.onset0 + 3 * MIN and w.p(0.10):
            f.verdict = "stuck"  # the consumer's prefetch is full of retries: never delivered
            w.marks["q~"].append(t)
            return
        mule(f, t, "order-to-erp", "ORDERS", "erp.orders", True)

    def mule(f, t, flow, mestyp, q, confirm):
        G = "org.mule.runtime.core.internal.processor.LoggerMessageProcessor"
        if q:
            rabbit_del(w, t, f, q)
            t += w.ln(6)
        w.log("mule", t, "INFO", G, "Start {m} for {o} (messageId={i})", f, th=flow, _n=0, m=mestyp, o=f.order, i=f.msg)
        res, t2 = adapter(f, t + w.ln(25), "order-service" if confirm else ("billing" if f.kind == "invoice-run" else None), mestyp, (0.47, 0.05, 0.13))
        if res == "stuck":
            if q:
                w.marks["q~"].append(t)
            return
        if res == "fail":
            t3 = t2 + w.ln(30)
            msg = f"HTTP POST on resource 'http://erp-adapter:8080/idoc' failed: {'service unavailable (503)' if f.failed_at == 'erp-adapter' else 'unprocessable entity (422)'}."
            mule_block(w, "mule", t3, f, flow, 4, "http:request method=\"POST\" path=\"/idoc\" config-ref=\"erp-adapter\"", msg, "HTTP:SERVICE_UNAVAILABLE" if f.failed_at == "erp-adapter" else "HTTP:BAD_REQUEST", "Send to ERP adapter", idless=w.p(0.2))
            w.calls["mule"].append((t3, (t3 - t) / MS, False))
            if q:
                w.log("rabbitmq", t3 + w.ln(5), "WARN", "", 'queue \'{q}\' in vhost \'/\': message dead-lettered to \'erp.orders.dlx\' reason=rejected count=1 message_id=<<"{m}">>', f, q=q, m=f.msg)
                w.marks["dlq"].append(t3)
                w.marks["q-" + q].append(t3)
            if confirm and f.failed_at == "erp-adapter":
                w.log("order-service", f.start + 60 * SEC + w.ln(300), "ERROR", "com.example.orders.ConfirmationWatchdog", "No ERP confirmation for {orderNo} within 60 s, order set to PENDING_ERP", f, ids="c", orderNo=f.order)
                w.calls["order-service"].append((f.start + 60 * SEC, 60000, False))
            return
        t3 = t2 + w.ln(28)
        w.log("mule", t3, "INFO", G, "{m} for {o} posted in ERP, IDoc {d}, {n} ms", f, th=flow, _n=5, m=mestyp, o=f.order, d=f.idoc, n=(t3 - t) // MS)
        w.calls["mule"].append((t3, (t3 - t) / MS, True))
        if q:
            w.marks["q-" + q].append(t3)
        if mestyp == "ORDERS":
            t4 = ware(f, t3 + w.ln(120))
        if confirm:
            t4 += w.ln(60)
            w.log("order-service", t4, "INFO", "com.example.orders.ConfirmationListener", "Order {orderNo} confirmed", f, ids="c", th="confirm-1", orderNo=f.order, idoc=f.idoc)
            if w.p(0.012):
                f.marks.append("duplicated")
                w.log("order-service", t4 + w.ln(2000), "WARN", "com.example.orders.ConfirmationListener", "Duplicate confirmation for {orderNo} ignored", f, ids="c", th="confirm-1", orderNo=f.order)

    def edi(f, t):
        w.edi("edi-gateway", t, "INFO", f, "ORDERS", "RECEIVED", f"AS2 interchange received, {f.pos} lines", doc=False, corr=False)
        t += w.ln(90)
        if w.bg(t, 0.01):
            w.edi("edi-gateway", t, "ERROR", f, "ORDERS", "REJECTED", "Segment NAD+DP: party id is unknown, CONTRL sent")
            return w.fail(f, "edi-gateway", t)
        w.edi("edi-gateway", t, "INFO", f, "ORDERS", "MAPPED", "EDIFACT D.96A to canonical order")
        w.calls["edi-gateway"].append((t, 100, True))
        mule(f, t + w.ln(60), "edi-to-erp", "ORDERS", None, False)
        if f.verdict == "failed":
            w.edi("edi-gateway", f.failed_t + w.ln(900), "ERROR", f, "ORDRSP", "TIMEOUT" if f.failed_at == "erp-adapter" else "NEGATIVE", "No order response from orders-sys-api" if f.failed_at == "erp-adapter" else "Order refused by ERP", corr=False, direction="out")

    def invoice(f, t):
        f.order = "IN-" + f.order[3:]
        a = t
        w.log("billing", t, "INFO", "com.example.billing.InvoiceRun", "Invoice {invoice} of run {run} created, {amount} EUR", f, invoice=f.order, run=f.batch, amount=f.amount)
        w.hop(f, "billing", "invoice.create", a, t + w.ln(40), True, None, 1)
        mule(f, t + w.ln(70), "invoice-to-erp", "INVOIC", None, False)
        if f.verdict == "failed":
            w.log("billing", f.failed_t + w.ln(500), "ERROR", "com.example.billing.InvoiceRun", "Invoice {invoice} of run {run} not transferred, will be repeated with the next run", f, ids="c", invoice=f.order, run=f.batch)
            w.calls["billing"].append((f.failed_t, 500, False))
        elif f.verdict != "stuck":
            w.log("billing", max(x[0] for x in w.recs["mule"][-3:]) + w.ln(50), "INFO", "com.example.billing.InvoiceRun", "Invoice {invoice} transferred", f, ids="c", invoice=f.order, run=f.batch)

    def credit(f, t):
        a, t = t, t + w.ln(6)
        w.log("order-service", t, "INFO", "com.example.orders.CreditController", "Credit check {orderNo} for {customer}, {amount} EUR", f, orderNo=f.order, customer=f.cust, amount=f.amount)
        res, t = adapter(f, t + w.ln(12), "order-service", "CREDIT", (0.52, 0.04, 0.12), sync=True)
        if res == "stuck":
            return
        ok = res == "ok"
        t += w.ln(8)
        st = 200 if ok else (502 if f.failed_at == "erp-adapter" else 422)
        if not ok:
            w.log("order-service", t, "ERROR", "com.example.orders.CreditController", "Credit check {orderNo} failed: erp-adapter answered {status}", f, orderNo=f.order, status=503 if st == 502 else 422,
                  stack=["org.springframework.web.client.HttpServerErrorException$ServiceUnavailable: 503 : \"{\"error\":\"erp not reachable\"}\""] + frames("com.example.orders.ErpClient.creditCheck(ErpClient.java:77)", "com.example.orders.CreditController.check(CreditController.java:41)"))
        else:
            w.log("order-service", t, "INFO", "com.example.orders.CreditController", "Credit check {orderNo}: limit {limit} EUR sufficient", f, ids="c", orderNo=f.order, limit=25000)
        w.hop(f, "order-service", "POST /v1/credit-checks", a, t, ok, None, 2, {"http.response.status_code": st})
        w.kong("kong", a, t + w.ln(3) - a, f, "POST", "/v1/credit-checks", st, "credit")

    def quote(f, t):
        a, t = t, t + w.ln(5)
        w.log("order-service", t, "INFO", "com.example.orders.QuoteController", "Quote {orderNo} requested, {positions} positions", f, orderNo=f.order, positions=f.pos)
        t = price(f, t + w.ln(4))
        t = t + w.ln(6)
        w.log("warehouse", t, "INFO", "stock/atp.go:48", "availability answered", f, quote=f.order, positions=f.pos, available=f.pos)
        w.hop(f, "warehouse", "stock.atp", t - 5 * MS, t + 4 * MS, True, "order-service")
        b = t + w.ln(10)
        w.hop(f, "order-service", "GET /v1/quotes", a, b, True, None, 2, {"http.response.status_code": 200})
        w.kong("kong", a, b + 2 * MS - a, f, "GET", f"/v1/quotes/{f.order}", 200, "quotes")

    w.arrivals({"web-order": (120, web, None), "edi-order": (62, edi, None), "invoice-run": (70, invoice, "INVRUN"), "credit-check": (66, credit, None), "quote": (58, quote, None)})

    w.log("order-service", w.t0 + 11 * MIN, "DEBUG", "org.apache.http.wire", f">> POST /idoc HTTP/1.1, Host: erp-adapter:8080, {FAKE_BEARER}")
    w.edi("edi-gateway", w.t0 + 23 * MIN, "WARN", None, "ORDERS", "NOTIFIED", f"Mapping warning mailed to {FAKE_MAIL}", ref="000104409", partner="PARTNER-C10411")
    w.log("billing", w.t0 + 37 * MIN, "WARN", "com.example.billing.RemittanceParser", f"Remittance text holds a card number: {FAKE_CARD}, line skipped")
    w.secrets = [("bearer", "order-service", FAKE_BEARER), ("email", "edi-gateway", FAKE_MAIL), ("card", "billing", FAKE_CARD)]
    n = lambda a, b: (lambda: r.randrange(a, b))
    w.noise({
        "kong": (12, [(3, lambda t: w.kong("kong", t, w.ln(2), None, "GET", "/health", 200, "health")), (1, lambda t: w.kong("kong", t, w.ln(9), None, "GET", "/v1/catalog/version", 200, "catalog"))]),
        "order-service": (16, [(3, beat(w, "order-service", "INFO", "com.zaxxer.hikari.pool.HikariPool", "OrdersPool - Pool stats (total=15, active={a}, idle={b}, waiting=0)", a=n(0, 5), b=n(9, 15), th="HikariPool-1 housekeeper")),
                               (1, beat(w, "order-service", "DEBUG", "com.example.platform.Heartbeat", "heartbeat podUid={podUid}", podUid=w.sys["order-service"]["uid"], th="scheduling-1")),
                               (1, beat(w, "order-service", "INFO", "com.example.session.SessionStore", "session {sessionId} expired", sessionId=w.uuid, th="session-reaper"))]),
        "pricing-service": (14, [(3, beat(w, "pricing-service", "INFO", "Microsoft.AspNetCore.Hosting.Diagnostics", "Request finished {Method} {Path} - {StatusCode} in {Elapsed:0.0} ms", Method="GET", Path="/healthz", StatusCode=200, Elapsed=lambda: round(w.ln(2) / MS, 1))),
                                 (1, beat(w, "pricing-service", "DEBUG", "Pricing.Cache", "Price list cache {Hits} hits, {Misses} misses, instance {InstanceId}", Hits=n(200, 900), Misses=n(0, 20), InstanceId=w.sys["pricing-service"]["uid"]))]),
        "rabbitmq": (14, [(2, lambda t: w.log("rabbitmq", t, "INFO", "", f"accepting AMQP connection <0.{r.randrange(1000, 9000)}.0> (10.20.4.{r.randrange(10, 40)}:{r.randrange(32000, 60000)} -> 10.20.5.5:5672)")),
                          (1, lambda t: w.log("rabbitmq", t, "INFO", "", "connection <0.{a}.0> (10.20.4.17:{p} -> 10.20.5.5:5672 - billing): user 'billing' authenticated and granted access to vhost '/'", a=r.randrange(1000, 9000), p=r.randrange(32000, 60000))),
                          (1, lambda t: w.log("rabbitmq", t, "WARN", "", f"closing AMQP connection <0.{r.randrange(1000, 9000)}.0> (10.20.4.31:{r.randrange(32000, 60000)} -> 10.20.5.5:5672 - metrics-probe, vhost: '/', user: 'probe'):", stack=["client unexpectedly closed TCP connection"]))]),
        "mule": (12, [(2, beat(w, "mule", "INFO", "com.mulesoft.agent.monitor.HealthCheck", "Health check OK, heap {h} MB", h=n(410, 900), th="health")), (1, beat(w, "mule", "DEBUG", "org.mule.extension.http.internal.HttpConnectionPool", "Idle connections of 'erp-adapter': {n}", n=n(2, 12), th="pool"))]),
        "erp-adapter": (14, [(2, beat(w, "erp-adapter", "INFO", "o.s.b.a.health.HealthEndpointSupport", "Health UP (liveness), pod uid {u}", u=w.sys["erp-adapter"]["uid"], th="scheduling-1")), (2, lambda t: w.log("erp-adapter", t, "INFO", "c.e.erp.adapter.PoolStats", "HTTP pool s4-gw: leased {a}, available {b}, pending {p}", th="scheduling-1", **(lambda a: dict(a=a, b=20 - a, p=0 if t < w.onset0 else r.randrange(0, 6)))(r.randrange(0, 5) if t < w.onset0 else r.randrange(5, 18))))]),
        "erp": (10, [(1, lambda t: w.idoc("erp", t, None, 3, "Data passed to port OK", mestyp="MATMAS", direct=1, docnum=f"{3300000 + (t // SEC) % 90000:016d}")), (1, lambda t: w.idoc("erp", t, None, 12, "Dispatch OK", mestyp="DEBMAS", direct=1, docnum=f"{3300000 + (t // SEC) % 90000:016d}"))]),
        "edi-gateway": (8, [(1, lambda t: w.edi("edi-gateway", t, "INFO", None, "", "POLL", "AS2 mailbox polled, 0 interchanges"))]),
        "billing": (8, [(1, beat(w, "billing", "INFO", "com.example.billing.Heartbeat", "alive, open invoices {n}", n=n(200, 260))), (1, beat(w, "billing", "DEBUG", "org.flywaydb.core.Check", "schema version 41 is current"))]),
        "warehouse": (12, [(2, beat(w, "warehouse", "INFO", "health.go:22", "probe ok", pod_uid=w.sys["warehouse"]["uid"])), (1, beat(w, "warehouse", "DEBUG", "scan/session.go:90", "scanner heartbeat", session=w.uuid, device=lambda: f"MDE-{r.randrange(10, 40)}"))]),
    }, 0.43)
    tls = w.marks["tls"]
    q = [t for k in w.marks if k.startswith("q+") for t in w.marks[k]]
    qm = [t for k in w.marks if k.startswith("q-") for t in w.marks[k]]
    stuckp = lambda t: min(20, len([1 for x in w.marks["tls"] if t - 3 * MIN < x <= t]) // 2)
    metrics = [("kong", "request_rate", "1/min", m_rate(w, "kong", 7)), ("kong", "error_rate", "ratio", m_err(w, "kong", 5)), ("kong", "latency_p95", "ms", m_p95(w, "kong", 60)),
               ("order-service", "error_rate", "ratio", m_err(w, "order-service", 6)), ("order-service", "latency_p95", "ms", m_p95(w, "order-service", 60)), ("order-service", "cpu_share", "ratio", m_cpu(w, 0.24)),
               ("erp-adapter", "request_rate", "1/min", m_rate(w, "erp-adapter", 2)), ("erp-adapter", "error_rate", "ratio", lambda t: min(1, len([x for x in tls if t - MIN < x <= t]) / (len(window(w.calls["erp-adapter"], t, MIN)) + len([x for x in tls if t - MIN < x <= t]) + 1) + abs(r.gauss(0, 0.002)))),
               ("erp-adapter", "latency_p95", "ms", m_p95(w, "erp-adapter", 500)), ("erp-adapter", "pool_in_use", "connections", lambda t: min(20, max(0, 3 + r.gauss(0, 1) + stuckp(t)))), ("erp-adapter", "pool_max", "connections", lambda t: 20), ("erp-adapter", "cpu_share", "ratio", m_cpu(w, 0.18, 0.07)),
               ("rabbitmq", "queue_depth", "messages", m_queue(w, q, qm, ramp=1.6)), ("rabbitmq", "dead_letters", "messages", m_count(w, "dlq")), ("mule", "error_rate", "ratio", m_err(w, "mule", 1)), ("mule", "cpu_share", "ratio", m_cpu(w, 0.31)),
               ("billing", "error_rate", "ratio", m_err(w, "billing", 2)), ("warehouse", "request_rate", "1/min", m_rate(w, "warehouse", 3)), ("pricing-service", "latency_p95", "ms", m_p95(w, "pricing-service", 15))]
    o = w.onset0
    changes = [(w.t0 + 9 * MIN + 12 * SEC, "pricing-service", "deploy", "pricing-service 5.2.1 rolled out (3 of 3 pods): rounding of graduated prices"),
               (w.t0 + 31 * MIN, "warehouse", "config", "warehouse: pick wave interval 15 min -> 10 min"),
               (o - 14 * MIN, "order-service", "flag", "flag checkout.express-lane turned on for 10 % of customers"),
               (o - 6 * MIN, "rabbitmq", "infrastructure", "node mq-prd-02 patched and rejoined the cluster (RabbitMQ 3.13.7)"),
               (w.culprit_t, "erp-adapter", "certificate", f"Server certificate CN=s4-gw.example.com (serial 4A:91:0C:7E, endpoint of erp-adapter on port 44300) reached notAfter {iso(notafter, 0)}; the renewal CHG0048812 is open for s4-gw-02 and s4-gw-03"),
               (o - 11 * SEC, "pricing-service", "config", "pricing-service: cache TTL of price lists 300 s -> 120 s")]
    alerts = [(o + 155 * SEC, "kong", "error_rate", "GatewayErrorRateHigh: 5xx share of route credit above 5 % for 2 min"), (o + 235 * SEC, "order-service", "error_rate", "OrdersWithoutConfirmation: orders in PENDING_ERP above 5")]
    truth = dict(title="Expired certificate behind the ERP adapter", difficulty="medium", failure_mode="expired-certificate", mode_symptoms=["order-service", "kong", "mule", "rabbitmq", "billing", "edi-gateway"],
                 brief="Since about ten o'clock local time customers see errors at the credit check, and sales reports orders that stay in 'pending'. The gateway alert fired a few minutes later, the ERP team says the ERP itself is up and its load is low. EDI partners ask for missing order responses. The queue in front of the ERP is growing. Nobody remembers a deployment of the order services today.",
                 culprit=4, kinds=[("web-order", "POST /v1/orders", ["kong", "order-service", "pricing-service", "rabbitmq", "mule", "erp-adapter", "erp", "warehouse"]), ("edi-order", "EDI ORDERS (AS2)", ["edi-gateway", "mule", "erp-adapter", "erp", "warehouse"]),
                                   ("invoice-run", "invoice run", ["billing", "mule", "erp-adapter", "erp"]), ("credit-check", "POST /v1/credit-checks", ["kong", "order-service", "erp-adapter", "erp"]), ("quote", "GET /v1/quotes", ["kong", "order-service", "pricing-service", "warehouse"])],
                 suspects=["erp-adapter"], impact=("B2B customers at checkout, EDI partners, accounts receivable", "orders stay in PENDING_ERP, invoices wait for the next run"),
                 checks=["Look at the first error of erp-adapter: PKIX validity check failed, NotAfter in the past", "Read the certificate the ERP gateway nodes present (openssl s_client) and compare the three nodes", "Confirm that erp has no new IDocs for the failing orders: the call never arrives"],
                 works=[("failover", "erp-adapter", "route the adapter to s4-gw-01 only, whose certificate is renewed"), ("other", "erp-adapter", "install the renewed certificate with its full chain on s4-gw-02 and s4-gw-03"), ("queue buffering", "rabbitmq", "pause the consumer of erp.orders until the ERP is reachable"), ("replay", "rabbitmq", "replay erp.orders.dlq once the handshake works")],
                 worse=[("restart", "erp-adapter", "drops the healthy keep-alive connections: every call needs a new handshake"), ("replay", "rabbitmq", "replaying the dead letters before the certificate is renewed fails again and delays new orders"), ("scale", "erp-adapter", "more pods open more failing handshakes")],
                 factors=["the renewal was installed on one of three gateway nodes and closed as done", "no alert on the days left of server certificates of partners and internal endpoints", "keep-alive connections hid the expiry for most of a minute", "the order service reports success before the ERP confirmed"],
                 fixes=["certificate expiry as a metric with alerts at 30, 14 and 3 days, per node", "automate the renewal on all nodes with a check of the presented chain", "a circuit breaker that stops the consumer instead of dead-lettering"])
    return w, metrics, changes, alerts, truth


# ------------------------------------------------------------------ scenario 2

def scenario2():
    w = World("schema-change-dead-letters", us(2026, 3, 11, 13, 0), 59.2, {
        "istio-ingress": dict(fmt="istio", file="access.log"),
        "order-api": dict(fmt="zap", file="order-api.log", ids="ct", wrap="cri", otel=1),
        "customer-service": dict(fmt="pino", file="customer.log", ids="c", otel=1, skew=450 * MS),
        "order-service": dict(fmt="spring", file="order-service.log", ids="ct", ck="cid", otel=1),
        "kafka": dict(fmt="broker", file="server.log"),
        "kafka-connect": dict(fmt="connect", file="connect.log", off=1, ids=""),
        "erp": dict(fmt="pipe", file="idoc.log", off=1, skew=-1300 * MS),
        "shipping": dict(fmt="logstash", file="shipping.log", ids="t", otel=1),
        "crm-sync": dict(fmt="journald", file="crm-sync.journal.jsonl", up=1, host="crm-prd-02.example.com", pid="2211"),
        "invoice-service": dict(fmt="clef", file="invoice.log", ids="c", otel=1),
        "dwh-loader": dict(fmt="s5424", file="dwh.log", ids="t", host="dwh-prd-01.example.com", pid="871"),
    }, 71)
    w.tail = 102
    w.root, w.early = "kafka-connect", {"web-order", "order-change"}
    w.order0, w.idoc0, w.edi0 = 77310000, 9020100, 200400
    r = w.r
    off = [418200]
    tenant = w.uuid()
    OS = "c.e.orders.outbox.OutboxRelay"
    E = "org.apache.kafka.connect.errors"

    def enter(f, t, method, uri, svc, status, b):
        w.envoy("istio-ingress", t, b - t, f, method, uri, status, istio=svc, host="10.20.7.11:8080")

    def publish(f, t, typ, again=False):
        off[0] += r.randrange(1, 4)
        f.part, f.off = r.randrange(6), off[0]
        w.log("order-service", t, "INFO", OS, "Sent {ty} for {o} to orders.v1-{p}@{x} messageId={m} schemaId={s}{a}", f, th="outbox-relay-1", ty=typ, o=f.order, p=f.part, x=f.off, m=f.msg, s=217 if t > w.culprit_t else 203, a=" (attempt 2)" if again else "")
        w.marks["lag+"].append(t)

    def dlq(f, t, full):
        st = ([f"{E}.DataException: Failed to deserialize data for topic orders.v1 to Avro: "] + frames("io.confluent.connect.avro.AvroConverter.toConnectData(AvroConverter.java:156)", "org.apache.kafka.connect.runtime.WorkerSinkTask.convertValue(WorkerSinkTask.java:545)",
              "org.apache.kafka.connect.runtime.errors.RetryWithToleranceOperator.execAndRetry(RetryWithToleranceOperator.java:190)", more=14)
              + ["Caused by: org.apache.kafka.common.errors.SerializationException: Error deserializing Avro message for id 217"]
              + ["Caused by: org.apache.avro.AvroTypeException: Found string, expecting double, field discountAmount"] + frames("org.apache.avro.io.ResolvingDecoder.doAction(ResolvingDecoder.java:308)", "org.apache.avro.io.parsing.Parser.advance(Parser.java:86)", more=22))
        rec = f"topic='orders.v1', partition={f.part}, offset={f.off}, timestamp={(t - 20 * MS) // MS}, timestampType=CreateTime" + (f", key='{f.order}'" if full else "")
        w.log("kafka-connect", t, "ERROR", "org.apache.kafka.connect.runtime.errors.LogReporter:66",
              f"Error encountered in task erp-orders-sink-{f.part % 3}. Executing stage 'VALUE_CONVERTER' with class 'io.confluent.connect.avro.AvroConverter', where consumed record is {{{rec}}}.",
              f, th=f"erp-orders-sink|task-{f.part % 3}", stack=(st if full else st[:4] + st[6:7]) + [f"Record headers: x-correlation-id={f.corr}, " + (f"traceparent={w.tp(f)}" if full else "ce_type=order")])
        w.log("kafka-connect", t + w.ln(9), "WARN", "org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter:112", "Record of orders.v1-{p}@{o} written to orders.v1.dlq, correlationId={c}", f, th=f"erp-orders-sink|task-{f.part % 3}", p=f.part, o=f.off, c=f.corr)
        w.marks["dlq"].append(t)
        w.marks["lag-"].append(t)
        w.calls["kafka-connect"].append((t, 8, False))
        w.rooterr(t)

    def sink(f, t, typ, weights):
        """From the topic over Kafka Connect to the ERP. Gives (outcome, time)."""
        t += w.ln(160, 0.5)
        if w.bg(t, 0.003) and t < w.onset0:
            dlq_bg = "Tombstone without key"
            w.log("kafka-connect", t, "WARN", "org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter:112", "Record of orders.v1-{p}@{o} written to orders.v1.dlq ({b}), correlationId={c}", f, th="erp-orders-sink|task-0", p=f.part, o=f.off, c=f.corr, b=dlq_bg)
            w.marks["dlq"].append(t)
            w.marks["lag-"].append(t)
            w.fail(f, "kafka-connect", t)
            return "fail", t
        fate = w.fate(t, weights)
        if fate == "fail":
            dlq(f, t, w.p(0.55))
            w.fail(f, "kafka-connect", t)
            f.marks.append("dead-lettered")
            if w.p(0.35):
                t2 = t + 60 * SEC + w.ln(800)
                f.marks.append("retried")
                publish(f, t2, typ, True)
                dlq(f, t2 + w.ln(200), False)
                t = t2 + 300 * MS
            return "fail", t
        if fate == "stuck":
            f.verdict = "stuck"  # the second connector has errors.log.enable=false: skipped without a word
            return "stuck", t
        if fate == "slow":
            t += int(r.uniform(22, 48) * SEC)  # behind a rebalance
            f.verdict = "slow"
        w.log("kafka-connect", t, "INFO", "com.example.connect.erp.ErpSinkTask:141", "put orders.v1-{p}@{o} correlationId={c} order={k} -> IDoc {d}", f, th=f"erp-orders-sink|task-{f.part % 3}", p=f.part, o=f.off, c=f.corr, k=f.order, d=f.idoc)
        w.calls["kafka-connect"].append((t, 40, True))
        w.marks["lag-"].append(t)
        t += w.ln(70)
        w.idoc("erp", t, f, 64, "IDoc ready to be transferred to application", mestyp=typ)
        t += w.ln(300, 0.5)
        if w.bg(t, 0.007):
            w.idoc("erp", t, f, 51, f"Sold-to party {f.custno} is not maintained for sales area 1000/10/00", ref=False, mestyp=typ)
            w.fail(f, "erp", t)
            return "fail", t
        w.idoc("erp", t, f, 53, "Application document posted", ref=False, tid=w.p(0.4), mestyp=typ)
        return "ok", t

    def cust(f, t, parent="order-api"):
        a, t = t, t + w.ln(9)
        w.log("customer-service", t, "INFO", "customer", "customer {customerNo} resolved", f, ids="ct" if w.p(0.3) else "c", customerNo=f.custno, tenant=tenant, ms=(t - a) // MS)
        w.hop(f, "customer-service", "GET /customers/{id}", a, t + 2 * MS, True, parent, 2, {"http.response.status_code": 200})
        return t + 2 * MS

    def api(f, t, msg):
        w.log("order-api", t, "INFO", "api/orders.go:88", msg, f, order_no=f.order, request_id=f.xrid, customer=f.cust)
        return t

    def late(f, what):
        t = f.start + 90 * SEC + w.ln(400)
        w.log("order-api", t, "ERROR", "api/watch.go:143", "order {order_no} has no ERP document after 90 s", f, ids="c", order_no=f.order, stack=["api.(*Watcher).expire", "\t/app/api/watch.go:143", "api.(*Watcher).Run", "\t/app/api/watch.go:97"])
        w.calls["order-api"].append((t, 90000, False))
        if what and w.p(0.6):
            w.log("shipping", t + w.ln(900), "WARN", "com.example.shipping.DeliveryPlanner", "Order {orderNo} is unknown in ERP, delivery not planned", f, ids="", orderNo=f.order, th="planner-2")
            w.calls["shipping"].append((t, 900, False))

    def web(f, t):
        a, t = t, t + w.ln(5)
        api(f, t, "order {order_no} accepted")
        t = cust(f, t + w.ln(4))
        t += w.ln(8)
        w.log("order-service", t, "INFO", "c.e.orders.OrderService", "Order {o} stored, {n} positions, {m} EUR", f, o=f.order, n=f.pos, m=f.amount)
        if w.bg(t, 0.008):
            w.log("order-service", t + w.ln(5), "ERROR", "c.e.orders.OrderService", "Order {o} refused: credit limit exceeded", f, o=f.order)
            enter(f, a, "POST", "/v1/orders", "order-api", 422, t + 20 * MS)
            w.hop(f, "order-api", "POST /v1/orders", a, t + 15 * MS, False, None, 2, {"http.response.status_code": 422})
            return w.fail(f, "order-service", t)
        b = t + w.ln(12)
        w.hop(f, "order-service", "POST /orders", t - 3 * MS, b, True, "order-api")
        w.hop(f, "order-api", "POST /v1/orders", a, b + 3 * MS, True, None, 2, {"http.response.status_code": 202})
        enter(f, a, "POST", "/v1/orders", "order-api", 202, b + 5 * MS)
        t = b + w.ln(30)
        publish(f, t, "OrderCreated")
        res, t = sink(f, t, "ORDERS", (0.56, 0.03, 0.12))
        if res == "fail" and f.failed_at == "kafka-connect":
            return late(f, True)
        if res != "ok":
            return
        t += w.ln(400, 0.5)
        w.log("shipping", t, "INFO", "com.example.shipping.DeliveryPlanner", "Delivery planned for {orderNo}", f, orderNo=f.order, idoc=f.idoc, th="planner-1")
        w.hop(f, "shipping", "delivery.plan", t - 40 * MS, t + 20 * MS, True, "order-service", 5)
        if w.p(0.012):
            f.marks.append("duplicated")
            w.log("shipping", t + w.ln(1500), "WARN", "com.example.shipping.DeliveryPlanner", "Delivery for {orderNo} exists already, duplicate ignored", f, orderNo=f.order, th="planner-1")

    def change(f, t):
        a, t = t, t + w.ln(5)
        api(f, t, "change of {order_no} accepted")
        t += w.ln(9)
        w.log("order-service", t, "INFO", "c.e.orders.OrderService", "Change of {o} stored", f, o=f.order)
        b = t + w.ln(10)
        w.hop(f, "order-service", "PATCH /orders", t, b, True, "order-api")
        w.hop(f, "order-api", "PATCH /v1/orders/{id}", a, b + 3 * MS, True, None, 2, {"http.response.status_code": 202})
        enter(f, a, "PATCH", f"/v1/orders/{f.order}", "order-api", 202, b + 5 * MS)
        t = b + w.ln(30)
        publish(f, t, "OrderChanged")
        res, t = sink(f, t, "ORDCHG", (0.24, 0.24, 0.06))
        if res == "fail" and f.failed_at == "kafka-connect":
            late(f, False)

    def ret(f, t):
        f.order = "RT-" + f.order[3:]
        a, t = t, t + w.ln(5)
        api(f, t, "return {order_no} accepted")
        t = cust(f, t + w.ln(4))
        t += w.ln(7)
        w.log("order-service", t, "INFO", "c.e.orders.ReturnService", "Return {o} registered, {n} positions", f, o=f.order, n=f.pos)
        b = t + w.ln(9)
        w.hop(f, "order-service", "POST /returns", t, b, True, "order-api")
        w.hop(f, "order-api", "POST /v1/returns", a, b + 2 * MS, True, None, 2, {"http.response.status_code": 201})
        enter(f, a, "POST", "/v1/returns", "order-api", 201, b + 4 * MS)
        t = b + w.ln(200)
        w.log("crm-sync", t, "INFO", "crm-sync", "case opened for return {o}", f, o=f.order)
        t += w.ln(500)
        if w.bg(t):
            w.log("invoice-service", t, "ERROR", "Invoice.Credit", "Credit memo for {ReturnNo} failed: invoice is closed", f, ReturnNo=f.order)
            return w.fail(f, "invoice-service", t)
        w.log("invoice-service", t, "INFO", "Invoice.Credit", "Credit memo for {ReturnNo} over {Amount} EUR created", f, ReturnNo=f.order, Amount=f.amount)
        w.hop(f, "invoice-service", "credit.create", t - 30 * MS, t, True, "order-service", 5)

    def inv(f, t):
        f.order = "IN-" + f.order[3:]
        w.log("invoice-service", t, "INFO", "Invoice.Run", "Invoice {InvoiceNo} of {BatchNo} for {Customer} over {Amount} EUR", f, InvoiceNo=f.order, BatchNo=f.batch, Customer=f.cust, Amount=f.amount)
        w.hop(f, "invoice-service", "invoice.create", t - 20 * MS, t + 40 * MS, True, None, 1)
        t = cust(f, t + w.ln(20), "invoice-service")
        t += w.ln(200)
        w.idoc("erp", t, f, 64, "IDoc ready to be transferred to application", mestyp="INVOIC")
        t += w.ln(260)
        w.idoc("erp", t, f, 53, "Application document posted", ref=False, mestyp="INVOIC")
        t += w.ln(1500)
        w.log("invoice-service", t, "INFO", "Invoice.Run", "Invoice {InvoiceNo} posted", f, ids="ct", InvoiceNo=f.order, IDoc=f.idoc)
        w.log("dwh-loader", t + w.ln(2500), "INFO", "LOAD", "fact_invoice row for {o} batch {b} loaded", f, o=f.order, b=f.batch)

    def ship(f, t):
        f.order = "SH-" + f.order[3:]
        a, t = t, t + w.ln(6)
        w.log("shipping", t, "INFO", "com.example.shipping.ShipmentController", "Shipment {shipmentNo} registered", f, shipmentNo=f.order, correlationId=f.corr, requestId=f.xrid)
        t = cust(f, t + w.ln(5), "shipping")
        b = t + w.ln(8)
        w.hop(f, "shipping", "POST /v1/shipments", a, b, True, None, 2, {"http.response.status_code": 201})
        enter(f, a, "POST", "/v1/shipments", "shipping", 201, b + 2 * MS)
        t = b + w.ln(300)
        w.log("crm-sync", t, "INFO", "crm-sync", "shipment {o} shown to customer {c}", f, ids="", o=f.order, c=f.custno)
        w.log("dwh-loader", t + w.ln(3000), "INFO", "LOAD", "fact_shipment row for {o} loaded", f, o=f.order)

    w.arrivals({"web-order": (125, web, None), "order-change": (72, change, None), "return": (52, ret, None), "invoice-run": (60, inv, "BATCH"), "shipment": (62, ship, None)})
    w.log("customer-service", w.t0 + 14 * MIN, "WARN", "customer", "mail bounced for {email}", email=FAKE_MAIL)
    w.log("order-api", w.t0 + 21 * MIN, "DEBUG", "client/http.go:31", "outbound headers", headers=FAKE_BEARER)
    w.log("crm-sync", w.t0 + 41 * MIN, "WARN", "crm-sync", f"note field rejected, holds a card number: {FAKE_CARD}")
    w.secrets = [("email", "customer-service", FAKE_MAIL), ("bearer", "order-api", FAKE_BEARER), ("card", "crm-sync", FAKE_CARD)]
    n = lambda a, b: (lambda: r.randrange(a, b))
    # the connector stumbles: task restarts and rebalances after the onset
    for i in range(4):
        t = w.onset0 + int((3 + i * 6.5) * MIN)
        w.log("kafka-connect", t, "INFO", "org.apache.kafka.connect.runtime.distributed.DistributedHerder:1739", "[Worker clientId=connect-10.20.8.4:8083, groupId=connect-erp] Rebalance started", th=None)
        w.log("kafka", t + 30 * MS, "INFO", "kafka.coordinator.group.GroupCoordinator", "[GroupCoordinator 1]: Preparing to rebalance group connect-erp-orders-sink in state PreparingRebalance with old generation {g} (reason: removing member on LeaveGroup)", g=41 + i)
    w.noise({
        "istio-ingress": (16, [(1, lambda t: w.envoy("istio-ingress", t, w.ln(2), None, "GET", "/healthz/ready", 200, istio="order-api", host="10.20.7.11:8080"))]),
        "order-api": (14, [(2, beat(w, "order-api", "INFO", "health/probe.go:19", "probe ok", pod_uid=w.sys["order-api"]["uid"])), (1, beat(w, "order-api", "DEBUG", "session/gc.go:40", "session dropped", session_id=w.uuid, age_s=n(1800, 4000)))]),
        "customer-service": (13, [(2, beat(w, "customer-service", "INFO", "http", "request completed", method="GET", url="/healthz", statusCode=200, responseTime=n(1, 5))), (1, beat(w, "customer-service", "DEBUG", "cache", "cache refreshed", entries=n(9000, 9200)))]),
        "order-service": (14, [(2, beat(w, "order-service", "DEBUG", "com.zaxxer.hikari.pool.HikariPool", "OrdersPool - Pool stats (total=12, active={a}, idle={b}, waiting=0)", a=n(0, 4), b=n(8, 12), th="housekeeper")), (1, beat(w, "order-service", "INFO", OS, "Outbox empty, {x} records relayed in the last minute", x=n(1, 9), th="outbox-relay-1"))]),
        "kafka": (18, [(2, beat(w, "kafka", "INFO", "kafka.log.UnifiedLog", "[UnifiedLog partition=clicks.v2-{p}, dir=/var/lib/kafka/data] Rolled new log segment at offset {o} in 2 ms.", p=n(0, 6), o=lambda c=itertools.count(7400112, 1873): next(c))),
                       (2, beat(w, "kafka", "INFO", "kafka.coordinator.group.GroupMetadataManager", "[GroupMetadataManager brokerId=1] Removed {k} expired offsets in {m} milliseconds.", k=n(0, 4), m=n(0, 3))),
                       (1, beat(w, "kafka", "INFO", "kafka.network.Selector", "[SocketServer listenerType=ZK_BROKER, nodeId=1] Closing idle connection 10.20.8.1:9092-10.20.8.{a}:{b}", a=n(3, 90), b=n(32000, 60000)))]),
        "kafka-connect": (14, [(2, beat(w, "kafka-connect", "INFO", "org.apache.kafka.connect.runtime.WorkerSinkTask:416", "WorkerSinkTask{id=erp-orders-sink-0} Committing offsets asynchronously using sequence number {s}", s=lambda c=itertools.count(1311): next(c), th="erp-orders-sink|task-0|offsets")),
                               (1, beat(w, "kafka-connect", "INFO", "org.apache.kafka.clients.Metadata:287", "[Consumer clientId=connector-consumer-erp-orders-sink-1, groupId=connect-erp-orders-sink] Cluster ID: {c}", c="q1Sh-9_ISia_zwGINzRvyQ", th="erp-orders-sink|task-1"))]),
        "erp": (8, [(1, lambda t: w.idoc("erp", t, None, 3, "Data passed to port OK", mestyp="MATMAS", direct=1, docnum=f"{6300000 + (t // SEC) % 90000:016d}"))]),
        "shipping": (9, [(1, beat(w, "shipping", "INFO", "com.example.platform.Heartbeat", "alive podUid={podUid}", podUid=w.sys["shipping"]["uid"], th="scheduling-1"))]),
        "crm-sync": (8, [(6, beat(w, "crm-sync", "INFO", "crm-sync", "poll: 0 changes")), (1, lambda t: w.log("crm-sync", t, "WARN", "crm-sync", "Anrede für Kunde {k} fehlt", th="latin1", k=f"C{r.randrange(10400, 10990)}"))]),
        "invoice-service": (8, [(1, beat(w, "invoice-service", "DEBUG", "Invoice.Health", "Health report {Status} in {Elapsed:0} ms", Status="Healthy", Elapsed=n(1, 9)))]),
        "dwh-loader": (8, [(1, beat(w, "dwh-loader", "INFO", "TICK", "staging empty, next poll in 30 s"))]),
    }, 0.43)
    o = w.onset0
    lagp = [x for x in w.marks["lag+"]]
    stall = lambda t: 0 if t < o + 3 * MIN else max(0, 14 - ((t - o - 3 * MIN) % int(6.5 * MIN)) / (8 * SEC))
    metrics = [("istio-ingress", "request_rate", "1/min", m_rate(w, "istio-ingress", 8)), ("istio-ingress", "error_rate", "ratio", m_err(w, "istio-ingress", 4)), ("istio-ingress", "latency_p95", "ms", m_p95(w, "istio-ingress", 45)),
               ("order-api", "error_rate", "ratio", m_err(w, "order-api", 4)), ("order-api", "latency_p95", "ms", m_p95(w, "order-api", 40)), ("order-service", "request_rate", "1/min", m_rate(w, "order-service", 3)), ("order-service", "error_rate", "ratio", m_err(w, "order-service", 3)), ("order-service", "cpu_share", "ratio", m_cpu(w, 0.22)),
               ("kafka-connect", "error_rate", "ratio", m_err(w, "kafka-connect", 0.5)), ("kafka-connect", "dead_letters", "records", m_count(w, "dlq")), ("kafka-connect", "consumer_lag", "records", lambda t: max(0, sum(1 for x in lagp if t - 2 * SEC < x <= t) + abs(r.gauss(0, 1.4)) + stall(t))), ("kafka-connect", "cpu_share", "ratio", m_cpu(w, 0.2, 0.05)),
               ("kafka", "request_rate", "1/min", lambda t: max(0, r.gauss(148, 7))), ("kafka", "cpu_share", "ratio", m_cpu(w, 0.35)), ("erp", "request_rate", "1/min", lambda t: len([1 for x in w.recs["erp"] if t - 2 * MIN < x[0] <= t]) / 2), ("shipping", "error_rate", "ratio", m_err(w, "shipping", 2)), ("invoice-service", "latency_p95", "ms", m_p95(w, "invoice-service", 25)), ("crm-sync", "queue_depth", "messages", lambda t: abs(r.gauss(0, 1.1)))]
    changes = [(w.t0 + 6 * MIN, "crm-sync", "config", "crm-sync: poll interval 20 s -> 15 s"), (w.t0 + 33 * MIN, "istio-ingress", "infrastructure", "ingress gateway scaled from 3 to 4 replicas"),
               (o - 12 * MIN, "invoice-service", "deploy", "invoice-service 2.31.0 deployed: new layout of the PDF"), (o - 5 * MIN, "kafka", "config", "broker 1: num.network.threads 6 -> 8 (rolling, no restart)"),
               (w.culprit_t, "order-service", "schema", "order-service 4.18.0 deployed; subject orders.v1-value version 14 (id 217) registered with compatibility NONE: discountAmount double -> string; known consumers: kafka-connect erp-orders-sink"),
               (o - 16 * SEC, "shipping", "flag", "flag delivery.green-slots turned on for Hamburg")]
    alerts = [(o + 190 * SEC, "order-api", "error_rate", "OrdersWithoutErpDocument: orders without ERP document after 90 s above 3"), (o + 280 * SEC, "shipping", "error_rate", "DeliveriesNotPlanned: unknown orders in the planner above 2")]
    truth = dict(title="Schema change sends orders to the dead-letter queue", difficulty="hard", failure_mode="schema-break", mode_symptoms=["order-api", "shipping"],
                 brief="Orders are accepted in the shop, but a growing part of them never gets a document in the ERP. The order API raises the alert for orders without a document after ninety seconds. Shipping says that it does not know these orders. Gateway and APIs answer quickly and without errors. The consumer lag of the sink looks normal, apart from a few rebalances.",
                 culprit=4, kinds=[("web-order", "POST /v1/orders", ["istio-ingress", "order-api", "customer-service", "order-service", "kafka-connect", "erp", "shipping"]), ("order-change", "PATCH /v1/orders/{id}", ["istio-ingress", "order-api", "order-service", "kafka-connect", "erp"]),
                                   ("return", "POST /v1/returns", ["istio-ingress", "order-api", "customer-service", "order-service", "crm-sync", "invoice-service"]), ("invoice-run", "invoice run", ["invoice-service", "customer-service", "erp", "dwh-loader"]), ("shipment", "POST /v1/shipments", ["istio-ingress", "shipping", "customer-service", "crm-sync", "dwh-loader"])],
                 suspects=["kafka-connect", "order-service"], impact=("web shop customers and inside sales", "the customer holds a confirmation, the ERP knows nothing"),
                 checks=["Compare a failed order with a completed one: the path ends at kafka-connect", "Read the dead-letter record: Found string, expecting double, field discountAmount", "Look at the schema versions of orders.v1-value: 217 was registered just before the onset"],
                 works=[("rollback", "order-service", "back to 4.17 with schema id 203"), ("queue buffering", "kafka-connect", "pause erp-orders-sink: the topic keeps the records"), ("replay", "kafka-connect", "replay orders.v1.dlq once the converter or the producer is corrected")],
                 worse=[("restart", "kafka-connect", "each restart rebalances the group and delays the good records"), ("replay", "order-service", "the outbox sends the same bytes again: more dead letters and duplicates"), ("other", "kafka-connect", "errors.tolerance none stops the task at the first bad record: the good ones stop as well")],
                 factors=["the compatibility of the subject was set to NONE for a migration in January and never set back", "errors.tolerance all hides a failing consumer", "one connector skips records without logging", "no alert on the depth of the dead-letter topic"],
                 fixes=["compatibility BACKWARD_TRANSITIVE enforced in the registry and checked in the build", "alert on any growth of a dead-letter topic", "contract tests of producers against the sink connectors"])
    return w, metrics, changes, alerts, truth


# ------------------------------------------------------------------ scenario 3

def scenario3():
    w = World("partner-throttling", us(2026, 3, 12, 6, 30), 60.4, {
        "nginx": dict(fmt="nginx", file="access.log"),
        "shop-bff": dict(fmt="pino", file="shop-bff-json.log", ids="rc", wrap="docker", otel=1),
        "order-service": dict(fmt="ecs", file="order-service.log", ids="ct", otel=1),
        "sourcing-service": dict(fmt="zap", file="sourcing.log", ids="ct", otel=1, skew=600 * MS),
        "supplier-adapter": dict(fmt="logfmt", file="supplier-adapter.log", ids="c", otel=1),
        "egress-proxy": dict(fmt="envoy", file="egress.log"),
        "rabbitmq": dict(fmt="rabbit", file="rabbit@mq-prd-03.log"),
        "mule": dict(fmt="mule", file="fulfilment-sys-api.log", app="fulfilment-sys-api", off=1),
        "erp": dict(fmt="pipe", file="idoc.log", off=1),
        "edi-gateway": dict(fmt="csv", file="edi.log", skew=-1800 * MS, hidden=True),
        "notifier": dict(fmt="s3164", file="notifier.log", up=1, host="ntf-prd-01", pid="4711"),
    }, 84)
    w.tail = 25
    w.root, w.early = "supplier-adapter", {"availability", "dropship-order"}
    w.order0, w.idoc0, w.edi0 = 55120000, 1203300, 330100
    r = w.r
    tenant = w.uuid()
    PH = "api.supplier.example.com"
    G = "org.mule.runtime.core.internal.processor.LoggerMessageProcessor"

    def partner(f, t, method, uri, weights, parent, sync):
        """Calls of the partner's API through the adapter. Gives (outcome, time)."""
        a = t
        t += w.ln(6)
        fate = w.fate(t, weights)
        w.log("supplier-adapter", t, "INFO", "client/client.go:58", "calling partner", f, ids="ct" if w.p(0.5) or f.kind == "replenishment" else "c", order=f.order, method=method, path=uri, request_id=f.xrid)
        if fate == "ok" and w.p(0.015):
            d = w.ln(40)
            w.envoy("egress-proxy", t, d, f, method, uri, 503, "UF", "198.51.100.88:443", PH)
            t += d
            w.log("supplier-adapter", t, "WARN", "client/retry.go:44", "partner call failed, retrying", f, order=f.order, attempt=1, status=503, backoff="500ms")
            f.marks.append("retried")
            t += 500 * MS
        n = {"fail": r.randrange(5, 9), "stuck": r.randrange(2, 5), "slow": r.randrange(2, 5), "ok": 0}[fate]
        for i in range(n):
            d = w.ln(46, 0.25)
            w.envoy("egress-proxy", t, d, f, method, uri, 429, "-", "198.51.100.88:443", PH)
            w.hop(f, "supplier-adapter", f"{method} {PH}", t, t + d, False, "supplier-adapter", 3, {"http.response.status_code": 429, "http.request.resend_count": i}, "Too Many Requests", fresh=True)
            t += d
            w.rooterr(t)
            w.marks["429"].append(t)
            w.log("supplier-adapter", t, "WARN", "client/retry.go:44", "partner call failed, retrying", f, order=f.order, attempt=i + 1, status=429, retry_after="60", backoff="0s")
            t += w.ln(4) if fate != "slow" else int(r.uniform(2, 5) * SEC)
        if n:
            f.marks.append("retried")
        if fate == "stuck":
            f.verdict = "stuck"
            return "stuck", t
        if fate == "fail":
            st = [f'client.ErrTooManyRequests: partner quota exhausted, {n} attempts'] if w.p(0.3) else None
            w.log("supplier-adapter", t, "ERROR", "client/client.go:91", "giving up on partner", f, order=f.order, attempts=n, status=429, err="429 Too Many Requests: quota 60/min exceeded, plan STANDARD", **({"stack": st[0]} if st else {}))
            w.hop(f, "supplier-adapter", f"{method} partner", a, t, False, parent, 2, {"order.no": f.order}, "partner quota exhausted")
            w.fail(f, "supplier-adapter", t)
            return "fail", t
        d = w.ln(190, 0.4)
        bad = w.bg(t, 0.009)
        w.envoy("egress-proxy", t, d, f, method, uri, 404 if bad else 200, "-", "198.51.100.88:443", PH)
        t += d + w.ln(3)
        w.marks["ok"].append(t)
        if bad:
            w.log("supplier-adapter", t, "ERROR", "client/client.go:91", "partner refused", f, order=f.order, status=404, err="article unknown at supplier")
            w.hop(f, "supplier-adapter", f"{method} partner", a, t, False, parent)
            w.fail(f, "supplier-adapter", t)
            return "fail", t
        w.log("supplier-adapter", t, "INFO", "client/client.go:77", "partner answered", f, order=f.order, status=200, duration_ms=d // MS, quota_remaining=r.randrange(60, 500) if t < w.onset0 else r.randrange(0, 12))
        w.hop(f, "supplier-adapter", f"{method} partner", a, t, True, parent, 2, {"order.no": f.order})
        if fate == "slow":
            f.verdict = "slow"
        return "ok", t

    def bff(f, t, lvl, msg, ids=None, **kw):
        w.log("shop-bff", t, lvl, "bff", msg, f, ids=ids, **kw)

    def front(f, a, t, uri, st, method="POST"):
        bff(f, t, "INFO" if st < 400 else "ERROR", "{method} {url} answered {statusCode}", ids="rt" if w.p(0.3) else "r", method=method, url=uri, statusCode=st, responseTime=(t - a) // MS)
        w.hop(f, "shop-bff", f"{method} {uri}", a, t, st < 500, None, 2, {"http.response.status_code": st, "http.request_id": f.rid})
        w.nginx("nginx", a, t + w.ln(2) - a, f, method, uri, st, cid=w.p(0.45))

    def avail(f, t):
        a, t = t, t + w.ln(5)
        bff(f, t, "INFO", "availability of {n} articles asked", n=f.pos)
        s0, t = t, t + w.ln(7)
        w.log("sourcing-service", t, "INFO", "avail/handler.go:52", "availability for {inquiry}", f, inquiry=f.order, articles=f.pos, tenant_id=tenant)
        res, t = partner(f, t + w.ln(5), "POST", "/v2/availability", (0.43, 0.03, 0.14), "sourcing-service", True)
        if res == "stuck":
            return
        ok = res == "ok"
        if not ok and f.marks and f.marks[-1] == "retried":
            t = max(t, s0 + int(r.uniform(5.0, 5.1) * SEC)) if w.p(0.5) else t + w.ln(10)
            st = 504 if t - s0 > 4 * SEC else 503
            w.log("sourcing-service", t, "ERROR", "avail/handler.go:81", "availability for {inquiry} failed", f, inquiry=f.order, error="context deadline exceeded" if st == 504 else "supplier-adapter: 503 Service Unavailable", stack=["avail.(*Handler).Ask", "\t/app/avail/handler.go:81", "net/http.HandlerFunc.ServeHTTP", "\t/usr/local/go/src/net/http/server.go:2220"])
        else:
            st = 200 if ok else 404
            t += w.ln(6)
            w.log("sourcing-service", t, "INFO", "avail/handler.go:74", "availability for {inquiry} answered", f, ids="t", inquiry=f.order, lead_time_days=r.randrange(1, 9))
        w.hop(f, "sourcing-service", "POST /availability", s0, t, ok, "shop-bff")
        front(f, a, t + w.ln(5), "/api/availability", st)

    def drop(f, t):
        a, t = t, t + w.ln(6)
        bff(f, t, "INFO", "checkout submitted", cart=f.custno)
        o0, t = t, t + w.ln(9)
        w.log("order-service", t, "INFO", "com.example.order.OrderService", "Order {order_no} created, {amount} EUR", f, order_no=f.order, amount=f.amount, http_request_id=f.rid)
        if w.bg(t, 0.008):
            t += w.ln(300)
            w.log("order-service", t, "WARN", "com.example.order.PaymentCheck", "Order {order_no}: payment declined by issuer", f, order_no=f.order)
            w.hop(f, "order-service", "POST /orders", o0, t, True, "shop-bff")
            front(f, a, t + w.ln(5), "/api/orders", 402)
            return w.fail(f, "order-service", t)
        t += w.ln(6)
        w.log("sourcing-service", t, "INFO", "drop/place.go:40", "placing {order_no} at supplier", f, order_no=f.order, tenant_id=tenant)
        s0 = t
        res, t = partner(f, t + w.ln(6), "POST", "/v2/orders", (0.43, 0.03, 0.14), "sourcing-service", True)
        if res == "stuck":
            return
        if res == "fail":
            t += w.ln(12)
            w.log("sourcing-service", t, "ERROR", "drop/place.go:66", "supplier refused {order_no}", f, order_no=f.order, error="supplier-adapter: 503 Service Unavailable", stack=["drop.(*Placer).Place", "\t/app/drop/place.go:66"])
            t += w.ln(10)
            cont = w.p(0.4)
            w.log("order-service", t, "ERROR", "com.example.order.OrderService", "Sourcing of the order failed", f, ids="t" if cont else "ct", stack=["com.example.order.SourcingException: 503 from sourcing-service" + (f", correlationId={f.corr}" if cont else "")] + frames("com.example.order.SourcingClient.place(SourcingClient.java:64)", "com.example.order.OrderService.create(OrderService.java:131)", more=52) + ["Caused by: com.example.order.UpstreamException: supplier-adapter: 503 Service Unavailable"])
            w.hop(f, "sourcing-service", "POST /drop", s0, t, False, "order-service")
            w.hop(f, "order-service", "POST /orders", o0, t, False, "shop-bff", 2, {"order.no": f.order}, "sourcing failed")
            front(f, a, t + w.ln(6), "/api/orders", 503 if f.failed_at == "supplier-adapter" and "retried" in f.marks else 409)
            return
        t += w.ln(9)
        w.hop(f, "sourcing-service", "POST /drop", s0, t, True, "order-service")
        t += w.ln(7)
        rabbit_pub(w, t, f, "orders", "order.placed", "notify.mail", w.p(0.3))
        w.log("order-service", t + MS, "INFO", "com.example.order.OrderService", "Order {order_no} placed at supplier", f, ids="c", order_no=f.order, message_id=f.msg)
        b = t + w.ln(6)
        w.hop(f, "order-service", "POST /orders", o0, b, True, "shop-bff", 2, {"order.no": f.order})
        front(f, a, b + w.ln(5), "/api/orders", 201)
        notify(f, b + w.ln(120), "notify.mail", "order confirmation")

    def notify(f, t, q, what):
        if q:
            rabbit_del(w, t, f, q)
            w.marks["q-" + q].append(t)
        t += w.ln(60)
        w.log("notifier", t, "INFO", "mail", "{w} for {o} queued at relay", f, w=what, o=f.order)
        w.calls["notifier"].append((t, 60, True))

    def stock(f, t):
        a, t = t, t + w.ln(6)
        bff(f, t, "INFO", "checkout submitted", cart=f.custno)
        o0, t = t, t + w.ln(9)
        w.log("order-service", t, "INFO", "com.example.order.OrderService", "Order {order_no} created from stock, {amount} EUR", f, order_no=f.order, amount=f.amount, http_request_id=f.rid)
        t += w.ln(8)
        rabbit_pub(w, t, f, "orders", "order.stock", "fulfil.orders", w.p(0.3))
        b = t + w.ln(5)
        w.hop(f, "order-service", "POST /stock-orders", o0, b, True, "shop-bff", 2, {"order.no": f.order})
        front(f, a, b + w.ln(4), "/api/stock-orders", 202)
        t = b + w.ln(60)
        rabbit_del(w, t, f, "fulfil.orders")
        w.marks["q-fulfil.orders"].append(t)
        erpflow(f, t + w.ln(8), "order-to-erp", "ORDERS", f.msg)

    def erpflow(f, t, flow, mestyp, mid):
        t0 = t
        w.log("mule", t, "INFO", G, "Start {m} for {o} messageId={i}", f, th=flow, _n=0, m=mestyp, o=f.order, i=mid)
        t += w.ln(60)
        w.idoc("erp", t, f, 64, "IDoc ready to be transferred to application", mestyp=mestyp)
        t += w.ln(280, 0.5)
        if w.bg(t, 0.009):
            w.idoc("erp", t, f, 51, "Delivery date is in the past", ref=False, mestyp=mestyp)
            mule_block(w, "mule", t + w.ln(30), f, flow, 3, "http:request method=\"POST\" path=\"/inbound\" config-ref=\"erp\"", "HTTP POST on resource 'http://erp:8000/inbound' failed: bad request (400).", "HTTP:BAD_REQUEST", "Post IDoc", idless=w.p(0.3))
            w.fail(f, "erp", t)
            return False
        w.idoc("erp", t, f, 53, "Application document posted", ref=False, tid=w.p(0.5), mestyp=mestyp)
        t += w.ln(30)
        w.log("mule", t, "INFO", G, "{m} for {o} done, IDoc {d}", f, th=flow, _n=4, m=mestyp, o=f.order, d=f.idoc)
        w.calls["mule"].append((t, (t - t0) / MS, True))
        notify(f, t + w.ln(150), None, "status mail")
        if w.p(0.012):
            f.marks.append("duplicated")
            w.log("mule", t + w.ln(4000), "WARN", G, "Duplicate {m} for {o} discarded by idempotent filter", f, th=flow, _n=1, m=mestyp, o=f.order)
        return True

    def edi(f, t):
        w.edi("edi-gateway", t, "INFO", f, "ORDERS", "RECEIVED", f"AS2 interchange received, {f.pos} lines", doc=False, corr=False)
        t += w.ln(2600, 0.2)
        w.edi("edi-gateway", t, "INFO", f, "ORDERS", "MAPPED", "EDIFACT D.96A to canonical order")
        w.calls["edi-gateway"].append((t, 100, True))
        t += w.ln(2400, 0.15)
        erpflow(f, t, "edi-to-erp", "ORDERS", f.msg)

    def repl(f, t):
        f.order = "RP-" + f.order[3:]
        w.idoc("erp", t, f, 3, f"Replenishment run {f.batch} item {f.pos}", mestyp="PREQ", direct=1)
        t += w.ln(120)
        w.log("mule", t, "INFO", G, "Replenishment {o} of {b} read, IDoc {d}, messageId={i}", f, th="replenish", _n=0, o=f.order, b=f.batch, d=f.idoc, i=f.msg)
        t += w.ln(20)
        rabbit_pub(w, t, f, "supply", "replenish", "supply.orders")
        w.calls["mule"].append((t, 140, True))
        t += w.ln(80)
        rabbit_del(w, t, f, "supply.orders")
        res, t = partner(f, t + w.ln(9), "POST", "/v2/purchase-orders", (0.36, 0.18, 0.10), None, False)
        if res == "fail":
            t += w.ln(8)
            for i in range(r.randrange(0, 2)):
                w.log("rabbitmq", t, "WARN", "", 'queue \'supply.orders\' in vhost \'/\': message requeued reason=nack message_id=<<"{m}">>', f, m=f.msg)
                t += w.ln(900)
                rabbit_del(w, t, f, "supply.orders", True)
                t += w.ln(30)
            w.log("rabbitmq", t, "WARN", "", 'queue \'supply.orders\' in vhost \'/\': message dead-lettered to \'supply.dlx\' reason=delivery_limit count=3 message_id=<<"{m}">>', f, m=f.msg)
            w.marks["dlq"].append(t)
            f.marks.append("dead-lettered")
        if res != "stuck":
            w.marks["q-supply.orders"].append(t)

    w.arrivals({"availability": (104, avail, None), "dropship-order": (84, drop, None), "edi-order": (46, edi, None), "replenishment": (60, repl, "RPL"), "stock-order": (58, stock, None)})
    w.log("notifier", w.t0 + 17 * MIN, "WARN", "mail", f"relay deferred <{FAKE_MAIL}>: 451 greylisted")
    w.log("shop-bff", w.t0 + 28 * MIN, "DEBUG", "bff", "outbound request", url="http://order-service:8080/orders", rawHeaders=FAKE_BEARER)
    w.log("order-service", w.t0 + 44 * MIN, "WARN", "com.example.order.PaymentCheck", f"Comment field holds a card number: {FAKE_CARD}")
    w.secrets = [("email", "notifier", FAKE_MAIL), ("bearer", "shop-bff", FAKE_BEARER), ("card", "order-service", FAKE_CARD)]
    n = lambda a, b: (lambda: r.randrange(a, b))
    w.noise({
        "nginx": (20, [(2, lambda t: w.nginx("nginx", t, w.ln(1), None, "GET", "/nginx_status", 200, ua="kube-probe/1.31")), (2, lambda t: w.nginx("nginx", t, w.ln(22), None, "GET", f"/assets/app.{w.hex(8)}.js", 200)), (1, lambda t: w.nginx("nginx", t, w.ln(3), None, "GET", "/wp-login.php", 404, ua="curl/8.5.0"))]),
        "shop-bff": (16, [(3, beat(w, "shop-bff", "INFO", "http", "request completed", method="GET", url="/healthz", statusCode=200, responseTime=n(1, 4))), (1, beat(w, "shop-bff", "DEBUG", "session", "session renewed", sessionId=w.uuid))]),
        "order-service": (14, [(2, beat(w, "order-service", "INFO", "com.zaxxer.hikari.pool.HikariPool", "OrderPool - Pool stats (total=12, active={active}, idle={idle}, waiting=0)", active=n(0, 4), idle=n(8, 12))), (1, beat(w, "order-service", "DEBUG", "com.example.platform.Heartbeat", "heartbeat", pod_uid=w.sys["order-service"]["uid"]))]),
        "sourcing-service": (13, [(1, beat(w, "sourcing-service", "INFO", "health/probe.go:19", "probe ok", pod_uid=w.sys["sourcing-service"]["uid"])), (1, beat(w, "sourcing-service", "DEBUG", "cache/cache.go:77", "article cache", hits=n(300, 900), misses=n(3, 40)))]),
        "supplier-adapter": (16, [(2, beat(w, "supplier-adapter", "INFO", "health.go:22", "probe ok", pod_uid=w.sys["supplier-adapter"]["uid"])), (1, beat(w, "supplier-adapter", "INFO", "token/refresh.go:31", "partner token still valid", expires_in=n(300, 3500)))]),
        "egress-proxy": (14, [(1, lambda t: w.envoy("egress-proxy", t, w.ln(2), None, "GET", "/ready", 200, "-", "127.0.0.1:9901", "egress")), (1, lambda t: w.envoy("egress-proxy", t, w.ln(90), None, "GET", "/v1/rates", 200, "-", "198.51.100.20:443", "rates.example.com"))]),
        "rabbitmq": (14, [(2, lambda t: w.log("rabbitmq", t, "INFO", "", f"accepting AMQP connection <0.{r.randrange(1000, 9000)}.0> (10.20.4.{r.randrange(10, 40)}:{r.randrange(32000, 60000)} -> 10.20.5.7:5672)")),
                          (1, lambda t: w.log("rabbitmq", t, "WARN", "", f"closing AMQP connection <0.{r.randrange(1000, 9000)}.0> (10.20.4.31:{r.randrange(32000, 60000)} -> 10.20.5.7:5672 - metrics-probe, vhost: '/', user: 'probe'):", stack=["client unexpectedly closed TCP connection"]))]),
        "mule": (10, [(1, beat(w, "mule", "INFO", "com.mulesoft.agent.monitor.HealthCheck", "Health check OK, heap {h} MB", h=n(410, 900), th="health"))]),
        "erp": (8, [(1, lambda t: w.idoc("erp", t, None, 3, "Data passed to port OK", mestyp="MATMAS", direct=1, docnum=f"{8300000 + (t // SEC) % 90000:016d}"))]),
        "edi-gateway": (8, [(1, lambda t: w.edi("edi-gateway", t, "INFO", None, "", "POLL", "AS2 mailbox polled, 0 interchanges"))]),
        "notifier": (8, [(1, beat(w, "notifier", "INFO", "relay", "connection to relay reused ({n} idle)", n=n(1, 5)))]),
    }, 0.42)
    o, t429, okc = w.onset0, w.marks["429"], w.marks["ok"]
    q = [t for k in w.marks if k.startswith("q+") for t in w.marks[k]]
    qm = [t for k in w.marks if k.startswith("q-") for t in w.marks[k]]

    def quota(t):
        sec = ((t - w.t0) // SEC) % 60
        if t < w.culprit_t:
            return 600 - sec * 1.4 - abs(r.gauss(0, 9))
        return max(0, 60 - sec * 4.5 - abs(r.gauss(0, 3)))
    metrics = [("nginx", "request_rate", "1/min", m_rate(w, "nginx", 9)), ("nginx", "error_rate", "ratio", m_err(w, "nginx", 4)), ("nginx", "latency_p95", "ms", m_p95(w, "nginx", 300)), ("shop-bff", "error_rate", "ratio", m_err(w, "shop-bff", 4)), ("shop-bff", "latency_p95", "ms", m_p95(w, "shop-bff", 290)),
               ("order-service", "error_rate", "ratio", m_err(w, "order-service", 4)), ("order-service", "cpu_share", "ratio", m_cpu(w, 0.21)), ("sourcing-service", "error_rate", "ratio", m_err(w, "sourcing-service", 2)), ("sourcing-service", "latency_p95", "ms", m_p95(w, "sourcing-service", 270)),
               ("supplier-adapter", "request_rate", "1/min", lambda t: sum(1 for x in t429 + okc if t - MIN < x <= t) + abs(r.gauss(0, 0.5))), ("supplier-adapter", "error_rate", "ratio", lambda t: min(1, sum(1 for x in t429 if t - MIN < x <= t) / (1 + sum(1 for x in t429 + okc if t - MIN < x <= t)) + abs(r.gauss(0, 0.002)))),
               ("supplier-adapter", "quota_remaining", "requests", quota), ("supplier-adapter", "cpu_share", "ratio", m_cpu(w, 0.14, 0.38)), ("rabbitmq", "queue_depth", "messages", m_queue(w, q, qm, ramp=1.6)), ("rabbitmq", "dead_letters", "messages", m_count(w, "dlq")), ("mule", "cpu_share", "ratio", m_cpu(w, 0.28)), ("edi-gateway", "request_rate", "1/min", m_rate(w, "edi-gateway", 1))]
    changes = [(w.t0 + 12 * MIN, "notifier", "config", "notifier: mail relay switched to relay-02.example.com"), (w.t0 + 26 * MIN, "mule", "deploy", "fulfilment-sys-api 1.14.2 deployed: logging of the purchase requisition"),
               (o - 15 * MIN, "shop-bff", "flag", "flag availability.badge turned on for all product pages"), (o - 7 * MIN, "order-service", "deploy", "order-service 9.3.0 deployed: invoice address optional"),
               (w.culprit_t, "supplier-adapter", "partner-notice", "Notice of the supplier platform (api.supplier.example.com): quota of plan STANDARD lowered from 600 to 60 requests a minute, effective now; over quota 429 with Retry-After"),
               (o - 19 * SEC, "edi-gateway", "certificate", "AS2 signing certificate of edi-gateway replaced, valid until 2028-03-12")]
    alerts = [(o + 140 * SEC, "nginx", "error_rate", "ShopErrorRateHigh: 5xx share of /api above 5 % for 2 min"), (o + 200 * SEC, "shop-bff", "latency_p95", "CheckoutSlow: p95 of checkout above 4 s"), (o + 285 * SEC, "rabbitmq", "queue_depth", "QueueGrowing: supply.orders above 5 messages")]
    truth = dict(title="Partner API throttles, the adapter answers with a retry storm", difficulty="easy", failure_mode="partner-throttling", mode_symptoms=["sourcing-service", "order-service", "shop-bff", "nginx", "rabbitmq"],
                 brief="The shop shows errors on availability and on orders that a supplier ships directly. Orders from our own stock and EDI orders work. The gateway team sees 503 and 504 on two paths only. A checkout flag and a new order service went out in the last quarter of an hour and are under suspicion. Purchasing reports that replenishment orders are missing at the supplier.",
                 culprit=4, kinds=[("availability", "POST /api/availability", ["nginx", "shop-bff", "sourcing-service", "supplier-adapter", "egress-proxy"]), ("dropship-order", "POST /api/orders", ["nginx", "shop-bff", "order-service", "sourcing-service", "supplier-adapter", "egress-proxy", "rabbitmq", "notifier"]),
                                   ("edi-order", "EDI ORDERS (AS2)", ["edi-gateway", "mule", "erp", "notifier"]), ("replenishment", "replenishment run", ["erp", "mule", "rabbitmq", "supplier-adapter", "egress-proxy"]), ("stock-order", "POST /api/stock-orders", ["nginx", "shop-bff", "order-service", "rabbitmq", "mule", "erp", "notifier"])],
                 suspects=["supplier-adapter", "egress-proxy"], impact=("shop customers, purchasing", "lost checkouts, replenishment late"),
                 checks=["Count the attempts per call in supplier-adapter: five to eight within half a second, backoff=0s", "Read the answer of the partner: 429, Retry-After 60, quota 60/min", "Look for a notice of the partner just before the onset"],
                 works=[("throttle", "supplier-adapter", "limit to 50 calls a minute and honour Retry-After"), ("feature flag", "shop-bff", "turn availability.badge off: it asks the partner for each product page"), ("queue buffering", "rabbitmq", "pause supply.orders until the quota is raised"), ("other", "supplier-adapter", "ask the partner for a temporary quota")],
                 worse=[("scale", "supplier-adapter", "more pods, more retries, the same quota"), ("restart", "supplier-adapter", "loses the calls in flight and starts the storm anew"), ("replay", "rabbitmq", "the replayed orders use the quota that customers need")],
                 factors=["retries without pause and without a budget", "Retry-After is ignored", "the notice went to a mailbox of purchasing", "availability badge raised the load a quarter of an hour before"],
                 fixes=["exponential backoff with jitter, a retry budget and Retry-After honoured", "a client-side rate limiter fed by the quota headers", "partner notices as change events", "cache of availability"])
    return w, metrics, changes, alerts, truth


# ------------------------------------------------------------------ scenario 4

def scenario4():
    w = World("pool-exhausted-by-batch", us(2026, 3, 13, 14, 30), 58.7, {
        "envoy": dict(fmt="envoy", file="edge.log", skew=-1500 * MS),
        "kong": dict(fmt="kong", file="partner-gw.log"),
        "order-service": dict(fmt="spring", file="order-service.log", ids="ct", otel=1),
        "inventory-service": dict(fmt="logstash", file="inventory.log", ids="ct", otel=1),
        "payment-service": dict(fmt="clef", file="payment.log", ids="ct", up=1, otel=1),
        "batch-scheduler": dict(fmt="s5424", file="scheduler.log", ids="", host="batch-prd-01.example.com", pid="1190"),
        "inventory-db": dict(fmt="journald", file="postgres.journal.jsonl", ids="", host="db-prd-04.example.com", pid="20114"),
        "shipping": dict(fmt="zap", file="shipping.log", ids="t", wrap="cri", otel=1, skew=800 * MS, hidden=True),
        "kafka": dict(fmt="broker", file="server.log", ids=""),
        "mule": dict(fmt="mule", file="erp-sys-api.log", app="erp-sys-api", off=1),
        "erp": dict(fmt="pipe", file="idoc.log", off=1),
        "notifier": dict(fmt="s3164", file="notifier.log", host="ntf-prd-02", pid="3302"),
    }, 97)
    w.tail = 25
    w.root, w.early = "inventory-service", {"web-order", "stock-reservation"}
    w.order0, w.idoc0, w.edi0 = 20660000, 6600800, 771200
    r = w.r
    tenant = w.uuid()
    G = "org.mule.runtime.core.internal.processor.LoggerMessageProcessor"
    HS = ["org.springframework.dao.DataAccessResourceFailureException: Unable to acquire JDBC Connection"]

    def poolstack(ms, n, corr=None):
        return (["org.springframework.transaction.CannotCreateTransactionException: Could not open JPA EntityManager for transaction"] + frames("org.springframework.orm.jpa.JpaTransactionManager.doBegin(JpaTransactionManager.java:466)", "com.example.inventory.ReservationService.reserve(ReservationService.java:88)", more=61)
                + [f"Caused by: java.sql.SQLTransientConnectionException: InventoryPool - Connection is not available, request timed out after {ms}ms (total=20, active=20, idle=0, waiting={n})"] + frames("com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:686)", "com.zaxxer.hikari.HikariDataSource.getConnection(HikariDataSource.java:100)", more=72)
                + ([f"Suppressed: request context correlationId={corr}"] if corr else []))

    def reserve(f, t, parent, weights, budget):
        """The reservation of stock. Gives (outcome, time); a caller waits for budget seconds."""
        a = t
        t += w.ln(6)
        fate = w.fate(t, weights)
        w.log("inventory-service", t, "INFO", "com.example.inventory.ReservationController", "Reserve {positions} positions for {orderNo}", f, orderNo=f.order, positions=f.pos, tenantId=tenant)
        if fate == "stuck":
            f.verdict = "stuck"  # the row lock of the job: the transaction never comes back
            w.marks["wait"].append((t, t + 20 * MIN))
            return "stuck", t
        if fate == "fail":
            ms = int(budget * 1000) + r.randrange(0, 9)
            n = r.randrange(9, 48)
            w.marks["wait"].append((t, t + ms * MS))
            w.rooterr(t + 50 * MS)
            t += ms * MS
            cont = w.p(0.35)
            w.log("inventory-service", t, "ERROR", "com.example.inventory.ReservationController", "Reservation failed: no database connection", f, ids="t" if cont else "ct", stack=poolstack(ms, n, f.corr if cont else None), **({} if cont else {"orderNo": f.order}))
            w.hop(f, "inventory-service", "POST /reservations", a, t, False, parent, 2, {"db.client.connection.pool.name": "InventoryPool"}, "Connection is not available")
            w.fail(f, "inventory-service", t)
            return "fail", t
        if fate == "slow":
            d = int(r.uniform(3.0, min(7.5, budget - 0.6)) * SEC)
            w.marks["wait"].append((t, t + d))
            t += d
            w.log("inventory-service", t, "WARN", "com.example.inventory.SlowConnection", "Waited {waitMs} ms for a connection of InventoryPool", f, ids="t", waitMs=d // MS)
            f.verdict = "slow"
        d = w.ln(26)
        if fate == "ok" and w.p(0.015):
            w.log("inventory-service", t + w.ln(9), "WARN", "com.example.inventory.ReservationService", "Optimistic lock on {orderNo}, attempt 2", f, orderNo=f.order)
            f.marks.append("retried")
            d += 60 * MS
        t += d
        if w.bg(t, 0.007):
            w.log("inventory-service", t, "ERROR", "com.example.inventory.ReservationController", "Reservation of {orderNo} refused: stock of plant 1020 is negative", f, orderNo=f.order)
            w.hop(f, "inventory-service", "POST /reservations", a, t, False, parent)
            w.fail(f, "inventory-service", t)
            return "fail", t
        w.log("inventory-service", t, "INFO", "com.example.inventory.ReservationController", "Reserved {positions} positions", f, ids="c" if w.p(0.5) else "ct", positions=f.pos, reservationId=f.msg)
        w.hop(f, "inventory-service", "POST /reservations", a, t, True, parent, 2, {"order.no": f.order})
        return "ok", t

    def post_erp(f, t, flow, mestyp):
        t0 = t
        w.log("mule", t, "INFO", G, "Start {m} for {o}", f, th=flow, _n=0, m=mestyp, o=f.order)
        t += w.ln(70)
        w.idoc("erp", t, f, 64, "IDoc ready to be transferred to application", mestyp=mestyp)
        t += w.ln(300, 0.5)
        if w.bg(t, 0.006):
            w.idoc("erp", t, f, 51, "Posting period 02 2026 is closed", ref=False, mestyp=mestyp)
            mule_block(w, "mule", t + w.ln(30), f, flow, 3, "http:request method=\"POST\" path=\"/inbound\" config-ref=\"erp\"", "HTTP POST on resource 'http://erp:8000/inbound' failed: bad request (400).", "HTTP:BAD_REQUEST", "Post IDoc", idless=w.p(0.3))
            w.fail(f, "erp", t)
            return None
        w.idoc("erp", t, f, 53, "Application document posted", ref=False, tid=w.p(0.5), mestyp=mestyp)
        t += w.ln(28)
        w.log("mule", t, "INFO", G, "{m} for {o} done, IDoc {d}", f, th=flow, _n=4, m=mestyp, o=f.order, d=f.idoc)
        w.calls["mule"].append((t, (t - t0) / MS, True))
        return t

    def notify(f, t, what, corr=True):
        w.log("notifier", t, "INFO", "mail", "{w} for {o} queued at relay", f, ids="c" if corr else "", w=what, o=f.order)

    def web(f, t):
        a, t = t, t + w.ln(7)
        C = "c.e.orders.OrderController"
        w.log("order-service", t, "INFO", C, "POST /v1/orders {o} x-request-id={x} customer={c} total={m} EUR", f, o=f.order, x=f.xrid, c=f.cust, m=f.amount)
        res, t = reserve(f, t + w.ln(5), "order-service", (0.46, 0.05, 0.14), 10)
        if res == "stuck":
            t = a + int(15.0 * SEC) if w.p(0.3) else None
            if t:
                w.envoy("envoy", a, t - a, f, "POST", "/v1/orders", 504, "UT")
                f.verdict = "failed"
                f.failed_at, f.failed_t = "inventory-service", t
            return
        if res == "fail":
            pool = t - a > 5 * SEC
            t += w.ln(9)
            if pool:
                w.log("order-service", t, "WARN", "c.e.orders.InventoryClient", "Reservation for {o} timed out after 10000 ms, attempt 1/2", f, o=f.order)
                f.marks.append("retried")
                w.hop(f, "order-service", "POST inventory-service", a, t, False, "order-service", 3, {"error.type": "timeout"}, "Read timed out", fresh=True)
                t += int(r.uniform(5.02, 5.3) * SEC)
                w.log("order-service", t, "ERROR", C, "POST /v1/orders failed", f, ids="t" if w.p(0.3) else "ct", stack=["org.springframework.web.client.ResourceAccessException: I/O error on POST request for \"http://inventory-service:8080/reservations\": Read timed out"] + frames("com.example.orders.InventoryClient.reserve(InventoryClient.java:59)", "com.example.orders.OrderController.create(OrderController.java:72)", more=58) + ["Caused by: java.net.SocketTimeoutException: Read timed out"])
            else:
                w.log("order-service", t, "WARN", C, "Order {o} refused: no stock", f, o=f.order)
            st = 504 if pool else 409
            w.hop(f, "order-service", "POST /v1/orders", a, t, not pool, None, 2, {"http.response.status_code": st})
            w.envoy("envoy", a, 15 * SEC + w.ln(1) if pool else t + w.ln(3) - a, f, "POST", "/v1/orders", st, "UT" if pool else "-")
            return
        t += w.ln(6)
        p0, t = t, t + w.ln(160, 0.4)
        if w.bg(t, 0.008):
            w.log("payment-service", t, "WARN", "Payments.Authorizer", "Authorisation for {OrderNo} declined: {Reason}", f, OrderNo=f.order, Reason="insufficient funds")
            w.hop(f, "payment-service", "POST /authorisations", p0, t, True, "order-service")
            w.envoy("envoy", a, t + w.ln(9) - a, f, "POST", "/v1/orders", 402)
            w.hop(f, "order-service", "POST /v1/orders", a, t + 3 * MS, True, None, 2, {"http.response.status_code": 402})
            return w.fail(f, "payment-service", t)
        w.log("payment-service", t, "INFO", "Payments.Authorizer", "Authorised {Amount} {Currency} for {OrderNo}", f, Amount=f.amount, Currency="EUR", OrderNo=f.order)
        w.hop(f, "payment-service", "POST /authorisations", p0, t, True, "order-service", 2, {"http.response.status_code": 201})
        t += w.ln(8)
        w.log("order-service", t, "INFO", C, "Order {o} confirmed", f, ids="c", o=f.order)
        w.hop(f, "order-service", "POST /v1/orders", a, t, True, None, 2, {"http.response.status_code": 201})
        w.envoy("envoy", a, t + w.ln(2) - a, f, "POST", "/v1/orders", 201)
        t = post_erp(f, t + w.ln(90), "order-to-erp", "ORDERS")
        if t:
            notify(f, t + w.ln(200), "order confirmation")

    def partner(f, t):
        a, t = t, t + w.ln(7)
        C = "c.e.orders.PartnerOrderController"
        w.log("order-service", t, "INFO", C, "POST /partner/v2/orders {o} from {c} total={m} EUR", f, o=f.order, c=f.custno, m=f.amount)
        res, t = reserve(f, t + w.ln(5), "order-service", (0.45, 0.07, 0.14), 10)
        if res == "stuck":
            return
        if res == "fail":
            pool = t - a > 5 * SEC
            t += w.ln(9)
            w.log("order-service", t, "ERROR", C, "Reservation for {o} failed: {e}", f, o=f.order, e="503 from inventory-service" if pool else "409 no stock")
            st = 504 if pool else 409
            w.hop(f, "order-service", "POST /partner/v2/orders", a, t, not pool, None, 2, {"http.response.status_code": st})
            w.kong("kong", a, t + w.ln(3) - a, f, "POST", "/partner/v2/orders", st, "partner-orders", tries=2 if pool and w.p(0.4) else 1)
            return
        t += w.ln(9)
        w.log("order-service", t, "INFO", C, "Partner order {o} confirmed", f, ids="c", o=f.order)
        w.hop(f, "order-service", "POST /partner/v2/orders", a, t, True, None, 2, {"http.response.status_code": 201})
        w.kong("kong", a, t + w.ln(3) - a, f, "POST", "/partner/v2/orders", 201, "partner-orders")
        t = post_erp(f, t + w.ln(90), "order-to-erp", "ORDERS")
        if t and w.p(0.012):
            f.marks.append("duplicated")
            w.log("mule", t + w.ln(3000), "WARN", G, "Duplicate ORDERS for {o} discarded by idempotent filter", f, th="order-to-erp", _n=1, o=f.order)

    def resv(f, t):
        f.order = "RV-" + f.order[3:]
        a = t
        res, t = reserve(f, t + w.ln(4), None, (0.46, 0.06, 0.14), 8)
        if res == "stuck":
            return
        pool = res == "fail" and t - a > 5 * SEC
        st = 200 if res == "ok" else (504 if pool else 409)
        w.kong("kong", a, t + w.ln(4) - a, f, "PUT", f"/v1/reservations/{f.order}", st, "reservations")
        if res != "ok":
            return
        t += w.ln(150)
        w.log("shipping", t, "INFO", "wave/plan.go:71", "reservation taken into wave", f, reservation=f.order, reservation_id=f.msg)
        w.hop(f, "shipping", "wave.plan", t - 9 * MS, t + 9 * MS, True, "inventory-service", 5)
        notify(f, t + w.ln(300), "reservation notice")

    def capture(f, t):
        f.order = "CP-" + f.order[3:]
        a, t = t, t + w.ln(20)
        w.log("payment-service", t, "INFO", "Payments.Capture", "Capture {CaptureNo} over {Amount} EUR requested by {RequestId}", f, CaptureNo=f.order, Amount=f.amount, RequestId=f.xrid)
        t += w.ln(140)
        if w.bg(t):
            w.log("payment-service", t, "ERROR", "Payments.Capture", "Capture {CaptureNo} failed: authorisation expired", f, CaptureNo=f.order)
            w.envoy("envoy", a, t + w.ln(3) - a, f, "POST", "/v1/captures", 422)
            w.hop(f, "payment-service", "POST /v1/captures", a, t, True)
            return w.fail(f, "payment-service", t)
        w.log("payment-service", t, "INFO", "Payments.Capture", "Captured {Amount} EUR", f, Amount=f.amount)
        w.hop(f, "payment-service", "POST /v1/captures", a, t, True, None, 2, {"http.response.status_code": 201})
        w.envoy("envoy", a, t + w.ln(3) - a, f, "POST", "/v1/captures", 201)
        t += w.ln(500)
        w.idoc("erp", t, f, 64, "IDoc ready to be transferred to application", mestyp="PAYEXT")
        t += w.ln(250)
        w.idoc("erp", t, f, 53, "Application document posted", ref=False, mestyp="PAYEXT")
        notify(f, t + w.ln(300), "payment receipt", w.p(0.5))

    def ship(f, t):
        f.order = "SH-" + f.order[3:]
        w.log("shipping", t, "INFO", "advice/send.go:33", "shipment advice created", f, ids="ct", shipment=f.order, wave=f.batch, parcels=r.randrange(1, 5))
        w.hop(f, "shipping", "advice.create", t - 12 * MS, t + 6 * MS, True, None, 1)
        t = post_erp(f, t + w.ln(1300, 0.15), "advice-to-erp", "DESADV")
        if t:
            notify(f, t + w.ln(250), "shipment advice", w.p(0.6))

    w.arrivals({"web-order": (104, web, None), "partner-order": (66, partner, None), "stock-reservation": (62, resv, None), "payment-capture": (66, capture, None), "shipment": (60, ship, "WAVE")})
    # the job: rare and small before the change, large and often after it
    n = lambda a, b: (lambda: r.randrange(a, b))
    B, J = "batch-scheduler", "com.example.inventory.job.StockReconciliation"

    def run(t, no, big):
        w.log(B, t, "INFO", "TRIGGER", "job stock-reconciliation run {n} triggered on inventory-service ({c})", n=no, c="chunk-size=20000 workers=16" if big else "chunk-size=500 workers=2")
        w.log("inventory-service", t + 90 * MS, "INFO", J, "Run {run} started, chunk size {chunkSize}, {workers} workers", th="job-1", run=no, chunkSize=20000 if big else 500, workers=16 if big else 2)
        w.marks["job"].append((t, t + (9 * MIN if big else 25 * SEC), 17 if big else 2))
        if not big:
            w.log("inventory-service", t + 25 * SEC, "INFO", J, "Run {run} finished, {rows} rows", th="job-1", run=no, rows=r.randrange(9000, 12000))
            w.log(B, t + 25 * SEC + 80 * MS, "INFO", "DONE", "job stock-reconciliation run {n} finished", n=no)
            return
        for i in range(8):
            x = t + int((0.7 + i) * MIN) + r.randrange(0, 20) * SEC
            if x < w.t1 - 20 * SEC:
                w.log("inventory-service", x, "INFO", J, "Run {run} chunk {chunk} of 9 is written, holding {held} connections", th="job-1", run=no, chunk=i + 1, held=r.randrange(14, 17))
                w.log("inventory-db", x + 300 * MS, "WARN", "postgres", "LOG:  duration: {d}.214 ms  execute <unnamed>: UPDATE stock_balance SET qty = $1, recon_run = $2 WHERE plant = $3", d=r.randrange(38000, 61000))
                w.log("inventory-db", x + 2 * SEC, "WARN", "postgres", "LOG:  process {p} still waiting for ShareLock on transaction {x} after 1000.{u} ms", p=r.randrange(20000, 21000), x=r.randrange(880000, 890000), u=r.randrange(100, 999))
    for i in range(2):
        run(w.t0 + int((9 + 28 * i) * MIN), 4410 + i, False)
    for i in range(3):
        run(w.culprit_t + 12 * SEC + i * int(10.0 * MIN), 4412 + i, True)
    for i in range(14):
        t = w.onset0 + int((0.4 + i * 2.1) * MIN)
        w.log("inventory-service", t, "WARN", "com.zaxxer.hikari.pool.HikariPool", "InventoryPool - Pool stats (total=20, active=20, idle=0, waiting={waiting})", th="InventoryPool housekeeper", waiting=r.randrange(6, 44))
        if i % 3 == 1:
            w.log("inventory-service", t + 4 * SEC, "WARN", "com.zaxxer.hikari.pool.ProxyLeakTask", "Connection leak detection triggered for org.postgresql.jdbc.PgConnection@{h} on thread job-{j}, stack trace follows", th="InventoryPool housekeeper", h=w.hex(8), j=r.randrange(1, 17), stack=["java.lang.Exception: Apparent connection leak detected"] + frames("com.example.inventory.job.StockReconciliation.writeChunk(StockReconciliation.java:141)", more=19))
    w.log("payment-service", w.t0 + 16 * MIN, "WARN", "Payments.Import", "Free text holds a card number: {Text}", Text=FAKE_CARD)
    w.log("order-service", w.t0 + 25 * MIN, "DEBUG", "org.apache.http.wire", f">> POST /reservations HTTP/1.1 {FAKE_BEARER}")
    w.log("notifier", w.t0 + 39 * MIN, "WARN", "mail", f"relay deferred <{FAKE_MAIL}>: 451 greylisted")
    w.secrets = [("card", "payment-service", FAKE_CARD), ("bearer", "order-service", FAKE_BEARER), ("email", "notifier", FAKE_MAIL)]
    w.noise({
        "envoy": (14, [(1, lambda t: w.envoy("envoy", t, w.ln(2), None, "GET", "/healthz", 200))]),
        "kong": (12, [(3, lambda t: w.kong("kong", t, w.ln(2), None, "GET", "/health", 200, "health")), (1, lambda t: w.kong("kong", t, w.ln(9), None, "GET", "/v1/catalog/version", 200, "catalog"))]),
        "order-service": (14, [(2, beat(w, "order-service", "INFO", "c.e.platform.Heartbeat", "alive, pod uid {u}", u=w.sys["order-service"]["uid"], th="scheduling-1")), (1, beat(w, "order-service", "DEBUG", "c.e.session.SessionStore", "session {s} expired", s=w.uuid, th="session-reaper"))]),
        "inventory-service": (12, [(2, lambda t: None if t > w.onset0 else w.log("inventory-service", t, "INFO", "com.zaxxer.hikari.pool.HikariPool", "InventoryPool - Pool stats (total=20, active={active}, idle={idle}, waiting=0)", th="InventoryPool housekeeper", active=r.randrange(1, 6), idle=r.randrange(14, 19))),
                                   (2, beat(w, "inventory-service", "DEBUG", "com.example.platform.Heartbeat", "heartbeat podUid={podUid}", podUid=w.sys["inventory-service"]["uid"], th="scheduling-1"))]),
        "payment-service": (10, [(1, beat(w, "payment-service", "INFO", "Microsoft.AspNetCore.Hosting.Diagnostics", "Request finished {Method} {Path} - {StatusCode} in {Elapsed:0.0} ms", Method="GET", Path="/healthz", StatusCode=200, Elapsed=lambda: round(w.ln(2) / MS, 1)))]),
        "batch-scheduler": (10, [(2, beat(w, "batch-scheduler", "INFO", "TICK", "no job is due, next in {s} s", s=n(5, 60))), (1, beat(w, "batch-scheduler", "INFO", "DONE", "job price-export run {i} finished", i=lambda c=itertools.count(901): next(c)))]),
        "inventory-db": (12, [(1, beat(w, "inventory-db", "INFO", "postgres", "LOG:  checkpoint complete: wrote {b} buffers (0.{p}%); write={s}.118 s", b=n(100, 900), p=n(1, 9), s=n(2, 30))), (1, beat(w, "inventory-db", "INFO", "postgres", "LOG:  connection authorized: user=probe database=inventory application_name=metrics"))]),
        "shipping": (10, [(1, beat(w, "shipping", "INFO", "health/probe.go:19", "probe ok", pod_uid=w.sys["shipping"]["uid"]))]),
        "kafka": (14, [(1, beat(w, "kafka", "INFO", "kafka.log.UnifiedLog", "[UnifiedLog partition=stock.moves-{p}, dir=/var/lib/kafka/data] Rolled new log segment at offset {o} in 1 ms.", p=n(0, 6), o=lambda c=itertools.count(900211, 1427): next(c))), (1, beat(w, "kafka", "INFO", "kafka.coordinator.group.GroupMetadataManager", "[GroupMetadataManager brokerId=3] Removed {k} expired offsets in {m} milliseconds.", k=n(0, 4), m=n(0, 3)))]),
        "mule": (10, [(1, beat(w, "mule", "INFO", "com.mulesoft.agent.monitor.HealthCheck", "Health check OK, heap {h} MB", h=n(410, 900), th="health"))]),
        "erp": (8, [(1, lambda t: w.idoc("erp", t, None, 3, "Data passed to port OK", mestyp="MATMAS", direct=1, docnum=f"{9300000 + (t // SEC) % 90000:016d}"))]),
        "notifier": (8, [(1, beat(w, "notifier", "INFO", "relay", "connection to relay reused ({n} idle)", n=n(1, 5)))]),
    }, 0.43)
    o = w.onset0
    held = lambda t: sum(k for a, b, k in w.marks["job"] if a <= t < b)
    waiting = lambda t: sum(1 for a, b in w.marks["wait"] if a <= t < b)

    def wait(t):
        return 0 if held(t) < 10 and t < o else max(0, waiting(t) * 2.2 + (r.gauss(16, 6) if held(t) > 10 else r.gauss(2, 1)))
    metrics = [("envoy", "request_rate", "1/min", m_rate(w, "envoy", 6)), ("envoy", "error_rate", "ratio", m_err(w, "envoy", 3)), ("envoy", "latency_p95", "ms", m_p95(w, "envoy", 260)), ("kong", "error_rate", "ratio", m_err(w, "kong", 3)), ("kong", "latency_p95", "ms", m_p95(w, "kong", 60)),
               ("order-service", "error_rate", "ratio", m_err(w, "order-service", 3)), ("order-service", "latency_p95", "ms", m_p95(w, "order-service", 240)), ("order-service", "cpu_share", "ratio", m_cpu(w, 0.23)),
               ("inventory-service", "error_rate", "ratio", m_err(w, "inventory-service", 2)), ("inventory-service", "latency_p95", "ms", m_p95(w, "inventory-service", 35)), ("inventory-service", "pool_in_use", "connections", lambda t: min(20, max(0, 3 + r.gauss(0, 1.1) + held(t) + (3 if t > o else 0)))), ("inventory-service", "pool_max", "connections", lambda t: 20), ("inventory-service", "pool_waiting", "requests", wait), ("inventory-service", "cpu_share", "ratio", m_cpu(w, 0.26, 0.05)),
               ("inventory-db", "cpu_share", "ratio", m_cpu(w, 0.34, 0.3)), ("payment-service", "latency_p95", "ms", m_p95(w, "payment-service", 150)), ("mule", "cpu_share", "ratio", m_cpu(w, 0.3)), ("kafka", "request_rate", "1/min", lambda t: max(0, r.gauss(96, 6)))]
    changes = [(w.t0 + 8 * MIN, "notifier", "deploy", "notifier 3.0.4 deployed: subject of the shipment advice"), (w.t0 + 30 * MIN, "payment-service", "certificate", "client certificate of payment-service towards the acquirer renewed, valid until 2027-03-13"),
               (o - 13 * MIN, "order-service", "deploy", "order-service 6.2.0 deployed (4 of 4 pods): Java 21, read timeout of the inventory client 15 s -> 10 s"), (o - 4 * MIN, "kafka", "infrastructure", "broker 3 moved to a new storage class"),
               (w.culprit_t, "inventory-service", "config", "inventory-service: job stock-reconciliation rescheduled from daily 02:30 and hourly delta to every 10 min, chunk-size 500 -> 20000, workers 2 -> 16 (CHG0050127)"),
               (o - 21 * SEC, "payment-service", "flag", "flag payments.smart-routing turned on for 20 % of captures")]
    alerts = [(o + 165 * SEC, "envoy", "error_rate", "EdgeErrorRateHigh: 504 share of /v1/orders above 5 % for 2 min"), (o + 225 * SEC, "kong", "latency_p95", "PartnerApiSlow: p95 of partner-orders above 5 s")]
    truth = dict(title="A batch job exhausts the connection pool of the inventory service", difficulty="medium", failure_mode="pool-exhaustion", mode_symptoms=["order-service", "envoy", "kong"],
                 brief="Friday afternoon: orders in the shop and of partners run into timeouts after fifteen seconds, reservations after eight. The edge alert fired for 504 on /v1/orders. An order service with a new Java version and a shorter timeout went out a quarter of an hour before and is the first suspect of the bridge. Payments and shipments run. The database team says the database is busy but healthy.",
                 culprit=4, kinds=[("web-order", "POST /v1/orders", ["envoy", "order-service", "inventory-service", "payment-service", "mule", "erp", "notifier"]), ("partner-order", "POST /partner/v2/orders", ["kong", "order-service", "inventory-service", "mule", "erp"]), ("stock-reservation", "PUT /v1/reservations/{id}", ["kong", "inventory-service", "shipping", "notifier"]),
                                   ("payment-capture", "POST /v1/captures", ["envoy", "payment-service", "erp", "notifier"]), ("shipment", "shipment advice", ["shipping", "mule", "erp", "notifier"])],
                 suspects=["inventory-service", "batch-scheduler", "inventory-db"], impact=("shop customers, partner orders, store reservations", "lost checkouts, partners repeat by hand"),
                 checks=["Pool of inventory-service: in use 20 of 20, requests waiting", "Who holds the connections: leak warnings name the threads job-1 to job-16", "When did stock-reconciliation run before, and how large was it"],
                 works=[("other", "batch-scheduler", "stop stock-reconciliation and end its sessions in the database"), ("rollback", "inventory-service", "schedule and chunk size as before"), ("feature flag", "inventory-service", "run the job on the read replica's pool")],
                 worse=[("restart", "order-service", "the callers are victims: they come back and queue again"), ("scale", "order-service", "more callers wait for the same twenty connections"), ("other", "order-service", "a longer read timeout keeps more threads waiting"), ("rollback", "order-service", "the deployment is a red herring: no change")],
                 factors=["batch and requests share one pool", "the change was not tested with production volume", "the job takes row locks for a whole chunk", "no alert on requests waiting for a connection"],
                 fixes=["a pool of its own for batch, with a limit", "alert on pool waiting time", "chunks of a bounded duration", "review of schedule changes as changes of load"])
    return w, metrics, changes, alerts, truth


# ------------------------------------------------------------------ files

SCENARIOS = [scenario1, scenario2, scenario3, scenario4]

def q(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (int, float)):
        return str(v)
    if isinstance(v, str):
        return json.dumps(v, ensure_ascii=False)
    return "[" + ", ".join(q(x) for x in v) + "]"


def spans_lines(w):
    """OTLP JSON, one export request a line: the spans a service ended within ten seconds."""
    groups = defaultdict(list)
    for b, s, sp in w.spans:
        groups[(b // (10 * SEC), s)].append((b, sp))
    out = []
    for (slot, s), l in sorted(groups.items()):
        l.sort(key=lambda x: (x[0], x[1]["spanId"]))
        res = [{"key": "service.name", "value": {"stringValue": s}}, {"key": "k8s.pod.uid", "value": {"stringValue": w.sys[s]["uid"]}}]
        out.append(js({"resourceSpans": [{"resource": {"attributes": res}, "scopeSpans": [{"scope": {"name": "io.opentelemetry.auto"}, "spans": [x[1] for x in l]}]}]}))
    return out


OWNERS = {
    "kong": "API platform", "nginx": "web platform", "envoy": "API platform", "istio-ingress": "API platform", "shop-bff": "shop team",
    "order-api": "order team", "order-service": "order team", "pricing-service": "pricing team", "customer-service": "customer data team",
    "sourcing-service": "sourcing team", "supplier-adapter": "supplier integration", "egress-proxy": "network operations",
    "inventory-service": "stock team", "inventory-db": "database operations", "batch-scheduler": "job scheduling", "payment-service": "payments team",
    "mule": "integration runtime", "rabbitmq": "messaging platform", "kafka": "streaming platform", "kafka-connect": "streaming platform",
    "erp": "ERP operations", "erp-adapter": "ERP integration", "edi-gateway": "partner management", "billing": "billing team",
    "invoice-service": "billing team", "warehouse": "warehouse systems", "shipping": "logistics team", "notifier": "notification team",
    "crm-sync": "CRM team", "dwh-loader": "data warehouse",
}


def configured(w, zones):
    """What an operator of these systems would have configured."""
    lines = ["# What an operator of these systems would configure: owners, clocks that are printed without their zone, and what", "# document numbers look like, since some systems write them without saying what they are."]
    for s in w.sys:
        lines += ["", f"[systems.{s}]", f'owner = "{OWNERS[s]}"'] + ([f'zone = "{zones[s]}"'] if s in zones else [])
    lines += ["", "# Who is hit and what it is worth, as the order systems write it.", "[losses]", 'customer = ["customer", "customerNo"]', 'value = ["amount"]', 'currency = "EUR"']
    lines += ["", "[[identifiers]]", 'class = "business"', "pattern = '\\b([A-Z]{2}-\\d{8})\\b'"]
    return "\n".join(lines) + "\n"


def late(w):
    """Which of the completed flows are slow: by how long those of their kind take that go without a hitch."""
    took = defaultdict(list)
    for f in w.flows:
        if f.verdict in ("completed", "slow") and not f.rough:
            took[f.kind].append(f.done - f.start)
    limit = {}
    for k, v in took.items():
        v.sort()
        low, usual, high = (v[len(v) * i // 4] for i in (1, 2, 3))
        # Three times what is usual, unless that lies within the spread of the kind.
        limit[k] = max(3 * usual, high * (high / low) ** 2)
    for f in w.flows:
        if f.verdict in ("completed", "slow"):
            f.verdict = "slow" if f.done - f.start > limit[f.kind] else "completed"


def build(fn):
    w, metrics, changes, alerts, tr = fn()
    late(w)
    files = {}
    onset = w.root_err
    for s, c in w.sys.items():
        lines = [x[2] for x in sorted(w.recs[s], key=lambda x: (x[0], x[1]))]
        if c["fmt"] == "pipe":
            lines.insert(0, w.IDOC_HEAD)
        if c["fmt"] == "csv":
            lines.insert(0, w.EDI_HEAD)
        files[f"{s}/{c['file']}"] = "\n".join(lines) + "\n"
    files["otel/spans.jsonl"] = "\n".join(spans_lines(w)) + "\n"
    for s, text in metric_rows(w, metrics).items():
        files[f"metrics/{s}.csv"] = text
    culprit = changes[tr["culprit"]]
    files["changes.jsonl"] = "".join(js({"time": iso(t, 0), "system": s, "kind": k, "text": x}) + "\n" for t, s, k, x in sorted(changes))
    files["alerts.jsonl"] = "".join(js({"time": iso(t, 0), "system": s, "kind": "alert", "metric": m, "text": x}) + "\n" for t, s, m, x in sorted(alerts))
    zones = {s: "+01:00" for s, c in w.sys.items() if c["off"]}
    files["bridgewatch.toml"] = configured(w, zones)
    verd = Counter(f.verdict for f in w.flows)
    kinds = Counter(f.kind for f in w.flows)
    rows = []
    for f in w.flows:
        rows.append(js({"corr": f.corr, "trace": f.trace, "key": f.order, "kind": f.kind, "start": iso(f.start), "verdict": f.verdict, "failed_at": f.failed_at,
                        **({"marks": sorted(set(f.marks))} if f.marks else {}), "events": dict(sorted(f.events.items())), "spans": sum(f.spanc.values())}))
    files["truth_flows.jsonl"] = "\n".join(rows) + "\n"
    after = [f for f in w.flows if f.start >= onset - 2 * SEC]
    touching = [k for k, e, p in tr["kinds"] if w.root in p]
    lost = [f for f in after if f.kind in touching and f.verdict in ("failed", "stuck")]
    value = f"{len(lost)} flows failed or stuck after the onset, {round(sum(f.amount for f in lost), -2):.0f} EUR in all; {tr['impact'][1]}"
    T = ["# The truth of this scenario: for tests and for the facilitator. The product must not read it during a drill.", f"title = {q(tr['title'])}", f"brief = {q(tr['brief'])}", f"difficulty = {q(tr['difficulty'])}", f"onset = {q(iso(onset))}",
         f"root_system = {q(w.root)}", f"acceptable_suspects = {q(tr['suspects'])}", f"failure_mode = {q(tr['failure_mode'])}", f"symptom_systems = {q(tr['mode_symptoms'])}", f"affected_kinds = {q(touching)}", "",
         "[window]", f"from = {q(iso(w.t0, 0))}", f"to = {q(iso(w.t1, 0))}", "", "[culprit_change]", f"time = {q(iso(culprit[0], 0))}", f"system = {q(culprit[1])}", f"kind = {q(culprit[2])}", f"text = {q(culprit[3])}", "",
         "[zones]"] + [f"{s} = {q(z)}" for s, z in zones.items()] + ["", "# What the clock of the system adds to the true time, in milliseconds.", "[skew_ms]"] + [f"{s} = {c['skew'] // MS}" for s, c in w.sys.items() if c["skew"] and not c.get("hidden")] + [
         "", "# The same, where no event contradicts it: nobody calls the system and waits, and no effect precedes its cause.", "[hidden_skew_ms]"] + [f"{s} = {c['skew'] // MS}" for s, c in w.sys.items() if c["skew"] and c.get("hidden")] + [
         "", "# failed includes dead letters; slow flows have completed, but took three times what is usual for their kind, and more than its spread explains.", "[flows]", f"total = {len(w.flows)}", f"completed = {verd['completed']}", f"failed = {verd['failed']}", f"stuck = {verd['stuck']}", f"slow = {verd['slow']}", f"unlinkable = 0",
         f"affected_after_onset = {sum(1 for f in after if f.kind in touching)}", f"affected_after_onset_not_completed = {sum(1 for f in after if f.kind in touching and f.verdict in ('failed', 'stuck'))}", ""]
    for k, e, p in tr["kinds"]:
        T += ["[[kind]]", f"name = {q(k)}", f"entry = {q(e)}", f"count = {kinds[k]}", f"path = {q(p)}", ""]
    T += ["[impact]", f"customers = {q(tr['impact'][0])}", f"value = {q(value)}", "", "[expected]", f"first_checks = {q(tr['checks'])}", f"contributing_factors = {q(tr['factors'])}", f"systemic_fixes = {q(tr['fixes'])}", ""]
    for name, l in (("works", tr["works"]), ("worse", tr["worse"])):
        for k, s, x in l:
            T += [f"[[expected.mitigation_{name}]]", f"kind = {q(k)}", f"system = {q(s)}", f"why = {q(x)}", ""]
    T += ["# Harmless fakes, put there so that redaction can be shown.", "[redaction]"] + [f"{k} = {{ system = {q(s)}, text = {q(x)} }}" for k, s, x in w.secrets]
    files["scenario.toml"] = "\n".join(T) + "\n"
    return w, files


def write(root):
    for fn in SCENARIOS:
        w, files = build(fn)
        d = root / w.name
        if d.exists():
            shutil.rmtree(d)
        for name, text in files.items():
            p = d / name
            p.parent.mkdir(parents=True, exist_ok=True)
            p.write_bytes(text.encode("utf-8"))


# ------------------------------------------------------------------ check

HEADS = {
    "spring": r"\d{4}-\d\d-\d\dT[\d:.]{12}Z +[A-Z]+ 1 --- ", "mule": r"[A-Z]+ +\d{4}-\d\d-\d\d [\d:,]{12} \[", "connect": r"\[\d{4}-\d\d-\d\d [\d:,]{12}\] [A-Z]+ ", "broker": r"\[\d{4}-\d\d-\d\d [\d:,]{12}\] [A-Z]+ ",
    "rabbit": r"\d{4}-\d\d-\d\d [\d:.]{15}\+00:00 \[", "envoy": r"\[\d{4}-\d\d-\d\dT[\d:.]{12}Z\] \"", "istio": r"\[\d{4}-\d\d-\d\dT[\d:.]{12}Z\] \"", "nginx": r"[\d.]+ - - \[", "s5424": r"<\d+>1 ", "s3164": r"<\d+>[A-Z][a-z]{2} ",
    "pipe": r"\d{4}-\d\d-\d\d [\d:.]{12}\|", "csv": r"\d{4}-\d\d-\d\dT", "logfmt": r"ts=", }


def when(w, c, rec):
    """The true time of a record, in microseconds, or an exception."""
    first = rec.split("\n", 1)[0]
    p = lambda s, f: int((datetime.strptime(s, f) - EPOCH) / timedelta(microseconds=1))
    F = c["fmt"]
    if F in ("zap", "pino") and c.get("wrap"):
        first = json.loads(first)["log"].rstrip("\n") if c["wrap"] == "docker" else first.split(" ", 3)[3]
    if F == "kong":
        t = json.loads(first)["started_at"] * 1000
    elif F == "logstash" or F == "ecs":
        t = p(json.loads(first)["@timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ")
    elif F == "clef":
        t = p(json.loads(first)["@t"][:26], "%Y-%m-%dT%H:%M:%S.%f")
    elif F == "zap":
        t = int(json.loads(first)["ts"] * 1e6)
    elif F == "pino":
        t = json.loads(first)["time"] * 1000
    elif F == "journald":
        t = int(json.loads(first)["__REALTIME_TIMESTAMP"])
    elif F == "spring":
        t = p(first[:24], "%Y-%m-%dT%H:%M:%S.%fZ")
    elif F == "mule":
        t = p(first[6:29], "%Y-%m-%d %H:%M:%S,%f")
    elif F in ("connect", "broker"):
        t = p(first[1:24], "%Y-%m-%d %H:%M:%S,%f")
    elif F == "rabbit":
        t = p(first[:26], "%Y-%m-%d %H:%M:%S.%f")
    elif F in ("envoy", "istio"):
        t = p(first[1:25], "%Y-%m-%dT%H:%M:%S.%fZ")
    elif F == "nginx":
        t = p(first.split("[")[1][:20], "%d/%b/%Y:%H:%M:%S")
    elif F == "s5424":
        t = p(first.split(" ")[1], "%Y-%m-%dT%H:%M:%S.%fZ")
    elif F == "s3164":
        t = p("2026 " + first.split(">")[1][:15], "%Y %b %d %H:%M:%S")
    elif F == "pipe":
        t = p(first[:23], "%Y-%m-%d %H:%M:%S.%f")
    elif F == "csv":
        t = p(first[:24], "%Y-%m-%dT%H:%M:%S.%fZ")
    elif F == "logfmt":
        t = p(first[3:30], "%Y-%m-%dT%H:%M:%S.%fZ")
    return t - c["off"] * 3600 * SEC - c["skew"]


ID_RE = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<![0-9A-Za-z])[0-9A-Fa-f]{32}(?![0-9A-Za-z])|\b[A-Z]{2}-\d{8}\b|(?<!\d)\d{16}(?!\d)|(?<!\d)\d{9}(?!\d)|\b0A[0-9A-F]{22}\b")


def check(root):
    bad = []
    say = lambda ok, text: bad.append(text) if not ok else None
    with tempfile.TemporaryDirectory() as tmp:
        write(Path(tmp))
        for fn in SCENARIOS:
            w, files = build(fn)
            d = root / w.name
            on_disk = {str(p.relative_to(d)): p for p in d.rglob("*") if p.is_file()}
            say(set(on_disk) == set(files), f"{w.name}: other files on disk than made")
            for k, p in on_disk.items():
                say(p.read_bytes() == (Path(tmp) / w.name / k).read_bytes(), f"{w.name}/{k}: not the same bytes on a second run")
                say(str(Path.home()) not in p.read_text("utf-8") and str(root.parent) not in p.read_text("utf-8"), f"{w.name}/{k}: holds a path of this machine")
            ids = {}
            for f in w.flows:
                for v in (f.corr, f.trace, f.msg, f.xrid, f.rid, f.kongid, f.order, f.idoc, f.edi, f.tid):
                    key = v.replace("-", "").lower()
                    say(key not in ids, f"{w.name}: identifier {v} twice")
                    ids[key] = f.i
            events = defaultdict(Counter)
            par = {}

            def find(x):
                while par.setdefault(x, x) != x:
                    par[x] = par[par[x]]
                    x = par[x]
                return x
            recs_of = defaultdict(list)
            nrec = nflow = 0
            for s, c in w.sys.items():
                text = (d / s / c["file"]).read_text("utf-8").rstrip("\n").split("\n")
                if c["fmt"] in ("pipe", "csv"):
                    text = text[1:]
                recs = []
                head = re.compile(HEADS[c["fmt"]]) if c["fmt"] in HEADS and not c.get("wrap") else None
                for line in text:
                    if head and not head.match(line):
                        say(recs, f"{w.name}/{s}: first line is a continuation")
                        recs[-1] += "\n" + line
                    else:
                        recs.append(line)
                for rec in recs:
                    nrec += 1
                    t = when(w, c, rec)
                    say(w.t0 - 2 * SEC <= t <= w.t1, f"{w.name}/{s}: time out of the window: {rec[:90]}")
                    found = {x.replace("-", "").lower() for x in ID_RE.findall(rec)}
                    hits = [x for x in found if x in ids]
                    owner = {ids[x] for x in hits}
                    say(len(owner) <= 1, f"{w.name}/{s}: two flows in one record: {rec[:120]}")
                    if owner:
                        o = owner.pop()
                        nflow += 1
                        events[o][s] += 1
                        recs_of[o].append(hits)
                        for x in hits[1:]:
                            par[find(x)] = find(hits[0])
            nspan = 0
            for line in (d / "otel/spans.jsonl").read_text().splitlines():
                for sp in json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"]:
                    nspan += 1
                    o = ids[sp["traceId"]]
                    hits = [sp["traceId"]] + [a["value"]["stringValue"].replace("-", "").lower() for a in sp["attributes"] if a["value"].get("stringValue", "").replace("-", "").lower() in ids]
                    recs_of[o].append(hits)
                    events[o]["#"] += 1
                    say(int(sp["endTimeUnixNano"]) >= int(sp["startTimeUnixNano"]), f"{w.name}: span ends before it starts")
                    for x in hits[1:]:
                        par[find(x)] = find(hits[0])
            unl = 0
            for row in map(json.loads, (d / "truth_flows.jsonl").read_text().splitlines()):
                o = ids[row["corr"].replace("-", "")]
                want = dict(row["events"])
                got = dict(events[o])
                sp = got.pop("#", 0)
                say(got == want and sp == row["spans"], f"{w.name}: flow {row['corr']} events {got}+{sp}, truth {want}+{row['spans']}")
                say(4 <= len(want) or row["verdict"] != "completed", f"{w.name}: completed flow {row['key']} crosses {len(want)} systems")
                if len({find(h) for hs in recs_of[o] for h in hs}) != 1:
                    unl += 1
                    if unl < 4:
                        print("   not one component:", row["kind"], row["verdict"], want)
            say(unl == 0, f"{w.name}: {unl} flows do not link")
            T = tomllib.loads((d / "scenario.toml").read_text("utf-8"))
            tomllib.loads((d / "bridgewatch.toml").read_text("utf-8"))
            V = Counter(f.verdict for f in w.flows)
            say(sum(T["flows"][k] for k in ("completed", "failed", "stuck", "slow")) == T["flows"]["total"] == len(w.flows), f"{w.name}: truth counts")
            say(all(T["flows"][k] == V[k] for k in ("completed", "failed", "stuck", "slow")), f"{w.name}: verdict counts")
            say(250 <= len(w.flows) <= 600, f"{w.name}: {len(w.flows)} flows")
            onset = datetime.fromisoformat(T["onset"])
            gap = (onset - datetime.fromisoformat(T["culprit_change"]["time"])).total_seconds()
            say(20 <= gap <= 120, f"{w.name}: culprit {gap:.0f} s before the onset")
            ch = [json.loads(x) for x in (d / "changes.jsonl").read_text("utf-8").splitlines()]
            say(any(x["time"] == T["culprit_change"]["time"] and x["text"] == T["culprit_change"]["text"] for x in ch), f"{w.name}: culprit is not in changes.jsonl")
            for x in (d / "alerts.jsonl").read_text("utf-8").splitlines():
                say(120 <= (datetime.fromisoformat(json.loads(x)["time"]) - onset).total_seconds() <= 300, f"{w.name}: alert not 2-5 min after the onset")
            o_us = int((onset.replace(tzinfo=None) - EPOCH) / timedelta(microseconds=1))
            before = [f for f in w.flows if f.start < o_us - 90 * SEC]
            healthy = sum(f.verdict == "completed" for f in before) / len(before)
            say(healthy >= 0.975, f"{w.name}: only {healthy:.3f} healthy before the onset")
            na, nb = T["flows"]["affected_after_onset"], T["flows"]["affected_after_onset_not_completed"]
            say(0.30 <= nb / na <= 0.60, f"{w.name}: {nb}/{na} of the affected fail")
            other = [f for f in w.flows if f.start > o_us and f.kind not in T["affected_kinds"]]
            raw = sum(p.stat().st_size for k, p in on_disk.items() if not k.startswith(("metrics", "truth")) and "/" in k)
            met = sum(p.stat().st_size for k, p in on_disk.items() if k.startswith("metrics"))
            noise = 1 - nflow / nrec
            say(1_000_000 <= raw <= 2_600_000, f"{w.name}: {raw} bytes of logs")
            say(met <= 400_000, f"{w.name}: {met} bytes of metrics")
            say(on_disk["truth_flows.jsonl"].stat().st_size <= 200_000, f"{w.name}: truth_flows.jsonl too large")
            say(0.35 <= noise <= 0.45, f"{w.name}: noise {noise:.3f}")
            for p in d.glob("metrics/*.csv"):
                for row in csv.DictReader(io.StringIO(p.read_text())):
                    datetime.fromisoformat(row["time"]), float(row["value"])
            for k, v in T["redaction"].items():
                say(v["text"] in (d / v["system"] / w.sys[v["system"]]["file"]).read_text("utf-8"), f"{w.name}: the fake {k} is not in {v['system']}")
            print(f"{w.name}: {raw / 1e6:.2f} MB logs, {met / 1e3:.0f} kB metrics, truth {on_disk['truth_flows.jsonl'].stat().st_size / 1e3:.0f} kB, {len(w.flows)} flows {dict(V)}, {nrec} records (noise {noise:.1%}), {nspan} spans, "
                  f"healthy before {healthy:.1%}, affected after {nb}/{na}, others failing after {sum(f.verdict != 'completed' for f in other)}/{len(other)}, culprit {gap:.0f} s before onset {T['onset']}")
    for b in bad[:40]:
        print("BAD", b)
    print("ok" if not bad else f"{len(bad)} findings")
    return 1 if bad else 0


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    if "--check" in sys.argv[1:]:
        sys.exit(check(here))
    write(here)
