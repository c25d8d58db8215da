//! Lines of logs, one function a dialect. Messages hold neither quotes nor backslashes, so nothing needs escaping.

use super::super::blueprint::Dialect;
use super::{Clock, Ids, Level, Line, dashed};
use std::fmt::Write;

/// Puts a line, with its end, into its system's format.
pub(super) fn put(to: &mut String, clock: &mut Clock, at: i64, roll: u64, line: &Line) {
    match line.system.plan().dialect {
        Dialect::Spring => spring(to, clock, at, roll, line),
        Dialect::Serilog => serilog(to, clock, at, line),
        Dialect::Logstash => logstash(to, clock, at, roll, line),
        Dialect::Pino => pino(to, at, line),
        Dialect::Mule => mule(to, clock, at, roll, line),
        Dialect::Ecs => ecs(to, clock, at, line),
        Dialect::Zap => zap(to, at, line),
        Dialect::Logfmt => logfmt(to, clock, at, line),
        Dialect::Syslog => syslog(to, clock, at, line),
        Dialect::Journal => journal(to, at, line),
        Dialect::Rabbit => rabbit(to, clock, at, roll, line),
        Dialect::Kafka => kafka(to, clock, at, line),
        Dialect::Envoy | Dialect::Kong | Dialect::Edi | Dialect::Idoc | Dialect::None => return,
    }
    to.push('\n');
}

fn capital(level: Level) -> &'static str {
    match level {
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    }
}

fn small(level: Level) -> &'static str {
    match level {
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

fn spring(to: &mut String, clock: &mut Clock, at: i64, roll: u64, line: &Line) {
    clock.iso(to, at, 3);
    let name = line.system.name();
    let _ = write!(to, " {:>5} 1 --- [{name}] ", capital(line.level));
    match line.ids {
        Some(Ids { trace, span, correlation, .. }) => {
            let _ = write!(
                to,
                "[nio-8080-exec-{}] [{trace:032x}-{span:016x}] {:<40} : [corr={}] {}",
                roll % 9 + 1,
                line.logger,
                dashed(*correlation),
                line.message
            );
        }
        None => {
            let _ = write!(to, "[   scheduling-1] [{:49}] {:<40} : {}", "", line.logger, line.message);
        }
    }
    if line.level == Level::Error && line.ids.is_some() {
        to.push_str("\ncom.example.orders.OrderFailedException: order could not be completed");
        to.push_str("\n\tat com.example.orders.Downstream.exchange(Downstream.java:118)");
        to.push_str("\n\tat com.example.orders.OrderService.create(OrderService.java:74)");
    }
}

fn serilog(to: &mut String, clock: &mut Clock, at: i64, line: &Line) {
    to.push_str("{\"@t\":\"");
    clock.iso(to, at, 7);
    let _ = write!(to, "\",\"@mt\":\"{}\"", line.message);
    match line.level {
        Level::Info => {}
        Level::Warn => to.push_str(",\"@l\":\"Warning\""),
        Level::Error => to.push_str(",\"@l\":\"Error\""),
    }
    if let Some(ids) = line.ids {
        let _ =
            write!(to, ",\"@tr\":\"{:032x}\",\"@sp\":\"{:016x}\",\"Channel\":\"web\"", ids.trace, ids.span);
    }
    let _ = write!(to, ",\"SourceContext\":\"{}\"}}", line.logger);
}

fn logstash(to: &mut String, clock: &mut Clock, at: i64, roll: u64, line: &Line) {
    to.push_str("{\"@timestamp\":\"");
    clock.iso(to, at, 3);
    let value = 10_000 * (line.level as u32 + 2);
    let _ = write!(
        to,
        "\",\"@version\":\"1\",\"message\":\"{}\",\"logger_name\":\"{}\",\"thread_name\":\"http-nio-8080-exec-{}\",\"level\":\"{}\",\"level_value\":{value}",
        line.message,
        line.logger,
        roll % 9 + 1,
        capital(line.level)
    );
    if let Some(ids) = line.ids {
        let _ = write!(
            to,
            ",\"traceId\":\"{:032x}\",\"spanId\":\"{:016x}\",\"correlationId\":\"{}\",\"orderNo\":\"{}\"",
            ids.trace,
            ids.span,
            dashed(ids.correlation),
            ids.number
        );
    }
    to.push('}');
}

fn pino(to: &mut String, at: i64, line: &Line) {
    let level = 30 + 10 * line.level as u32;
    let _ = write!(
        to,
        "{{\"level\":{level},\"time\":{},\"pid\":1,\"hostname\":\"{}-6f9d7c5b8-x2kqp\",\"name\":\"{}\"",
        at.div_euclid(1_000_000),
        line.system.name(),
        line.logger
    );
    if let Some(ids) = line.ids {
        let _ = write!(
            to,
            ",\"x-correlation-id\":\"{}\",\"traceId\":\"{:032x}\",\"spanId\":\"{:016x}\",\"orderNo\":\"{}\"",
            dashed(ids.correlation),
            ids.trace,
            ids.span,
            ids.number
        );
    }
    let _ = write!(to, ",\"msg\":\"{}\"}}", line.message);
}

fn mule(to: &mut String, clock: &mut Clock, at: i64, roll: u64, line: &Line) {
    let _ = write!(to, "{:<5} ", capital(line.level));
    clock.local(to, at, line.system.plan().zone_minutes, ',');
    let thread = roll % 16 + 1;
    let pool = ["CPU_LITE", "BLOCKING", "CPU_INTENSIVE"][(roll >> 8) as usize % 3];
    let mark = roll >> 16 & 0xffff;
    let flow = line.logger;
    match line.ids {
        Some(ids) => {
            let class = if line.level == Level::Error {
                "org.mule.runtime.core.internal.exception.OnErrorPropagateHandler"
            } else {
                "org.mule.runtime.core.internal.processor.LoggerMessageProcessor"
            };
            let _ = write!(
                to,
                " [[MuleRuntime].uber.{thread:02}: [orders-sys-api].{flow}.{pool} @{mark:04x}] [processor: {flow}/processors/{}; event: {}] {class}: {}",
                line.level as u32,
                dashed(ids.correlation),
                line.message
            );
        }
        None => {
            let _ = write!(
                to,
                " [[MuleRuntime].uber.{thread:02}: [orders-sys-api].health.{pool} @{mark:04x}] com.mulesoft.agent.monitor.HealthCheck: {}",
                line.message
            );
        }
    }
}

fn ecs(to: &mut String, clock: &mut Clock, at: i64, line: &Line) {
    to.push_str("{\"@timestamp\":\"");
    clock.iso(to, at, 3);
    let _ = write!(
        to,
        "\",\"log.level\":\"{}\",\"message\":\"{}\",\"service.name\":\"{}\",\"log.logger\":\"{}\",\"ecs.version\":\"8.11\"",
        capital(line.level),
        line.message,
        line.system.name(),
        line.logger
    );
    if let Some(ids) = line.ids {
        let _ = write!(
            to,
            ",\"trace.id\":\"{:032x}\",\"span.id\":\"{:016x}\",\"labels.correlation_id\":\"{}\",\"labels.invoice_no\":\"{}\"",
            ids.trace,
            ids.span,
            dashed(ids.correlation),
            ids.number
        );
    }
    to.push('}');
}

fn zap(to: &mut String, at: i64, line: &Line) {
    let (seconds, micros) = (at.div_euclid(1_000_000_000), at.rem_euclid(1_000_000_000) / 1_000);
    let _ = write!(
        to,
        "{{\"level\":\"{}\",\"ts\":{seconds}.{micros:06},\"caller\":\"{}\",\"msg\":\"{}\"",
        small(line.level),
        line.logger,
        line.message
    );
    if let Some(ids) = line.ids {
        let _ = write!(
            to,
            ",\"trace_id\":\"{:032x}\",\"span_id\":\"{:016x}\",\"correlation_id\":\"{}\",\"order_no\":\"{}\"",
            ids.trace,
            ids.span,
            dashed(ids.correlation),
            ids.number
        );
    }
    to.push('}');
}

fn logfmt(to: &mut String, clock: &mut Clock, at: i64, line: &Line) {
    to.push_str("ts=");
    clock.iso(to, at, 6);
    let _ = write!(to, " level={} caller={} msg=\"{}\"", small(line.level), line.logger, line.message);
    if let Some(ids) = line.ids {
        let _ = write!(
            to,
            " corr_id={} trace_id={:032x} span_id={:016x} order={}",
            dashed(ids.correlation),
            ids.trace,
            ids.span,
            ids.number
        );
    }
}

fn syslog(to: &mut String, clock: &mut Clock, at: i64, line: &Line) {
    let priority = 16 * 8
        + match line.level {
            Level::Info => 6,
            Level::Warn => 4,
            Level::Error => 3,
        };
    let _ = write!(to, "<{priority}>1 ");
    clock.iso(to, at, 6);
    let name = line.system.name();
    let mark = if line.ids.is_some() { "MAIL" } else { "TICK" };
    let _ = write!(to, " {name}-prd-02.example.com {name} 3302 {mark} - {}", line.message);
    if let Some(ids) = line.ids {
        let _ = write!(to, " corr={:032X}", ids.correlation);
    }
}

fn journal(to: &mut String, at: i64, line: &Line) {
    let (priority, word) = match line.level {
        Level::Error => (3, "ERROR"),
        Level::Warn => (4, "WARNING"),
        Level::Info => (6, "LOG"),
    };
    let _ = write!(
        to,
        "{{\"__REALTIME_TIMESTAMP\":\"{}\",\"PRIORITY\":\"{priority}\",\"_HOSTNAME\":\"db-prd-04.example.com\",\"_SYSTEMD_UNIT\":\"{}.service\",\"SYSLOG_IDENTIFIER\":\"postgres\",\"_PID\":\"20114\",\"MESSAGE\":\"{word}:  {}\"}}",
        at.div_euclid(1_000),
        line.system.name(),
        line.message
    );
}

fn rabbit(to: &mut String, clock: &mut Clock, at: i64, roll: u64, line: &Line) {
    clock.erlang(to, at);
    let level = if line.level == Level::Warn { "warning" } else { small(line.level) };
    let _ = write!(to, " [{level}] <0.{}.0> {}", roll % 9_000 + 200, line.message);
}

fn kafka(to: &mut String, clock: &mut Clock, at: i64, line: &Line) {
    to.push('[');
    clock.local(to, at, 0, ',');
    let _ = write!(to, "] {} {} ({})", capital(line.level), line.message, line.logger);
}
