//! The systems of the estate: who they are, how much they can do at a time, and how they write their logs.

/// Systems by name; partners' come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::EnumIter)]
pub(in crate::drill::estate) enum Sys {
    Edge,
    Kong,
    EdiGateway,
    Orders,
    Pricing,
    Inventory,
    InventoryDb,
    Payment,
    Rabbit,
    Kafka,
    Mule,
    Erp,
    Billing,
    Shipping,
    CarrierAdapter,
    Notifier,
    Scheduler,
    Acquirer,
    Carrier,
    MailRelay,
}

/// The format of a system's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::drill::estate) enum Dialect {
    /// Envoy's access log.
    Envoy,
    /// Kong's file-log plugin, JSON.
    Kong,
    /// CSV with a header.
    Edi,
    /// Spring Boot's console.
    Spring,
    /// Serilog's compact JSON.
    Serilog,
    /// Logstash encoder of Logback.
    Logstash,
    /// systemd's journal as JSON.
    Journal,
    /// Pino, JSON.
    Pino,
    Rabbit,
    Kafka,
    Mule,
    /// `|` between columns.
    Idoc,
    /// Elastic Common Schema.
    Ecs,
    /// Zap, JSON.
    Zap,
    Logfmt,
    /// Syslog of 2009 (RFC 5424).
    Syslog,
    /// A partner's: nothing of it is ours to read.
    None,
}

/// A pool of database connections.
#[derive(Clone, Copy, Debug)]
pub(in crate::drill::estate) struct PoolPlan {
    pub name: &'static str,
    pub size: u16,
    pub patience_ms: u32,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::drill::estate) struct SystemPlan {
    pub name: &'static str,
    pub owner: &'static str,
    pub tier: u8,
    pub what: &'static str,
    pub zone_minutes: i32,
    pub dialect: Dialect,
    pub file: &'static str,
    /// Requests that are worked on at a time, and that may wait.
    pub workers: u16,
    pub backlog: u16,
    pub pool: Option<PoolPlan>,
    /// Seconds that an entry of its cache is good for; 0 for none.
    pub cache_seconds: u32,
    pub is_traced: bool,
    /// Calls a minute that a partner allows.
    pub quota: u32,
}

impl Sys {
    pub(in crate::drill::estate) fn all() -> impl Iterator<Item = Self> {
        use strum::IntoEnumIterator;
        Self::iter()
    }

    pub(in crate::drill::estate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|system| system.plan().name.eq_ignore_ascii_case(name.trim()))
    }

    pub(in crate::drill::estate) fn name(self) -> &'static str {
        self.plan().name
    }

    pub(in crate::drill::estate) fn is_external(self) -> bool {
        matches!(self, Self::Acquirer | Self::Carrier | Self::MailRelay)
    }

    pub(in crate::drill::estate) fn plan(self) -> &'static SystemPlan {
        &SYSTEMS[self as usize]
    }
}

const BASE: SystemPlan = SystemPlan {
    name: "",
    owner: "",
    tier: 2,
    what: "",
    zone_minutes: 0,
    dialect: Dialect::None,
    file: "",
    workers: 16,
    backlog: 60,
    pool: None,
    cache_seconds: 0,
    is_traced: false,
    quota: 0,
};

const fn pool(name: &'static str, size: u16) -> Option<PoolPlan> {
    Some(PoolPlan { name, size, patience_ms: 5_000 })
}

/// In the order of [`Sys`].
static SYSTEMS: [SystemPlan; 20] = [
    SystemPlan {
        name: "edge",
        owner: "API platform",
        tier: 1,
        what: "takes in the web shop's requests",
        dialect: Dialect::Envoy,
        file: "edge/access.log",
        workers: 400,
        backlog: 0,
        ..BASE
    },
    SystemPlan {
        name: "kong",
        owner: "API platform",
        tier: 1,
        what: "API gateway for partners and stores",
        dialect: Dialect::Kong,
        file: "kong/access.log",
        workers: 400,
        backlog: 0,
        ..BASE
    },
    SystemPlan {
        name: "edi-gateway",
        owner: "partner management",
        what: "takes in EDI orders and answers them",
        dialect: Dialect::Edi,
        file: "edi-gateway/edi.log",
        workers: 60,
        ..BASE
    },
    SystemPlan {
        name: "order-service",
        owner: "order team",
        tier: 1,
        what: "checks orders and hands them on",
        dialect: Dialect::Spring,
        file: "order-service/order-service.log",
        workers: 60,
        pool: pool("OrdersPool", 20),
        is_traced: true,
        ..BASE
    },
    SystemPlan {
        name: "pricing-service",
        owner: "pricing team",
        what: "prices of customers and articles, with a cache",
        dialect: Dialect::Serilog,
        file: "pricing-service/pricing.log",
        workers: 6,
        backlog: 40,
        pool: pool("PricingPool", 4),
        cache_seconds: 900,
        is_traced: true,
        ..BASE
    },
    SystemPlan {
        name: "inventory-service",
        owner: "stock team",
        tier: 1,
        what: "stock and reservations",
        dialect: Dialect::Logstash,
        file: "inventory-service/inventory.log",
        workers: 24,
        pool: pool("InventoryPool", 8),
        cache_seconds: 600,
        is_traced: true,
        ..BASE
    },
    SystemPlan {
        name: "inventory-db",
        owner: "database operations",
        tier: 1,
        what: "database of the stock",
        dialect: Dialect::Journal,
        file: "inventory-db/postgres.journal.jsonl",
        workers: 40,
        ..BASE
    },
    SystemPlan {
        name: "payment-service",
        owner: "payments team",
        tier: 1,
        what: "authorises and captures payments with the acquirer",
        dialect: Dialect::Pino,
        file: "payment-service/payment.log",
        is_traced: true,
        ..BASE
    },
    SystemPlan {
        name: "rabbitmq",
        owner: "messaging platform",
        tier: 1,
        what: "queues erp.orders, billing.invoices, notifications",
        dialect: Dialect::Rabbit,
        file: "rabbitmq/rabbit@mq-prd-01.log",
        ..BASE
    },
    SystemPlan {
        name: "kafka",
        owner: "streaming platform",
        tier: 1,
        what: "topic deliveries.v1",
        dialect: Dialect::Kafka,
        file: "kafka/server.log",
        ..BASE
    },
    SystemPlan {
        name: "mule",
        owner: "integration runtime",
        tier: 1,
        what: "turns orders into IDocs",
        zone_minutes: 60,
        dialect: Dialect::Mule,
        file: "mule/orders-sys-api.log",
        workers: 24,
        is_traced: true,
        ..BASE
    },
    SystemPlan {
        name: "erp",
        owner: "ERP operations",
        tier: 1,
        what: "posts orders, lists what is to be invoiced",
        zone_minutes: 60,
        dialect: Dialect::Idoc,
        file: "erp/idoc.log",
        workers: 10,
        ..BASE
    },
    SystemPlan {
        name: "billing",
        owner: "billing team",
        what: "invoices in runs of two minutes",
        dialect: Dialect::Ecs,
        file: "billing/billing.log",
        workers: 6,
        pool: pool("BillingPool", 4),
        is_traced: true,
        ..BASE
    },
    SystemPlan {
        name: "shipping",
        owner: "logistics team",
        what: "plans deliveries",
        dialect: Dialect::Zap,
        file: "shipping/shipping.log",
        workers: 12,
        is_traced: true,
        ..BASE
    },
    SystemPlan {
        name: "carrier-adapter",
        owner: "logistics team",
        what: "books parcels with the carrier",
        dialect: Dialect::Logfmt,
        file: "carrier-adapter/carrier-adapter.log",
        workers: 12,
        is_traced: true,
        ..BASE
    },
    SystemPlan {
        name: "notifier",
        owner: "notification team",
        tier: 3,
        what: "mails to customers",
        dialect: Dialect::Syslog,
        file: "notifier/notifier.log",
        workers: 6,
        ..BASE
    },
    SystemPlan {
        name: "batch-scheduler",
        owner: "job scheduling",
        what: "starts jobs by the clock",
        dialect: Dialect::Syslog,
        file: "batch-scheduler/scheduler.log",
        ..BASE
    },
    SystemPlan {
        name: "acquirer",
        owner: "a partner, by way of the payments team",
        what: "card payments",
        workers: 200,
        quota: 600,
        ..BASE
    },
    SystemPlan {
        name: "carrier",
        owner: "a partner, by way of the logistics team",
        what: "parcels",
        workers: 200,
        quota: 300,
        ..BASE
    },
    SystemPlan {
        name: "mail-relay",
        owner: "a provider, by way of the notification team",
        what: "delivers mail",
        workers: 200,
        ..BASE
    },
];
