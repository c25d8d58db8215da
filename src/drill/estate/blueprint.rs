//! How the estate is built when nothing is wrong: its systems, what they do, who calls whom with what patience, which
//! queues lie between them, and the kinds of flow that travel through.

mod operations;
mod systems;

pub(super) use operations::{KINDS, Op, Step};
pub(super) use systems::{Dialect, Sys};

/// A call of one system by another, and the caller's patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::EnumIter)]
pub(super) enum Link {
    EdgeOrders,
    KongOrders,
    KongInventory,
    OrdersPricing,
    OrdersInventory,
    OrdersPayment,
    InventoryDatabase,
    PaymentAcquirer,
    EdiMule,
    MuleErp,
    ShippingCarrier,
    CarrierApi,
    BillingPayment,
    NotifierRelay,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LinkPlan {
    pub from: Sys,
    pub to: Sys,
    /// What the caller's log calls it.
    pub address: &'static str,
    pub timeout_ms: u32,
    pub attempts: u8,
    pub backoff_ms: u32,
    pub has_breaker: bool,
}

impl Link {
    pub(super) fn plan(self) -> LinkPlan {
        use Sys::{
            Acquirer, Billing, Carrier, CarrierAdapter, Edge, EdiGateway, Erp, Inventory, InventoryDb, Kong,
            MailRelay, Mule, Notifier, Orders, Payment, Pricing, Shipping,
        };
        let of = |from, to, address, timeout_ms, attempts, backoff_ms, has_breaker| LinkPlan {
            from,
            to,
            address,
            timeout_ms,
            attempts,
            backoff_ms,
            has_breaker,
        };
        match self {
            Self::EdgeOrders => of(Edge, Orders, "http://order-service:8080/orders", 15_000, 1, 0, false),
            Self::KongOrders => of(Kong, Orders, "http://order-service:8080/orders", 20_000, 1, 0, false),
            Self::KongInventory => {
                of(Kong, Inventory, "http://inventory-service:8080/reservations", 8_000, 1, 0, false)
            }
            Self::OrdersPricing => {
                of(Orders, Pricing, "http://pricing-service:8080/price", 2_000, 2, 200, true)
            }
            Self::OrdersInventory => {
                of(Orders, Inventory, "http://inventory-service:8080/reservations", 6_000, 1, 0, false)
            }
            Self::OrdersPayment => {
                of(Orders, Payment, "http://payment-service:8080/authorisations", 9_000, 1, 0, false)
            }
            Self::InventoryDatabase => {
                of(Inventory, InventoryDb, "jdbc:postgresql://inventory-db:5432/stock", 4_000, 1, 0, false)
            }
            Self::PaymentAcquirer => {
                of(Payment, Acquirer, "https://api.acquirer.example.com/v3", 4_000, 2, 250, true)
            }
            Self::EdiMule => of(EdiGateway, Mule, "http://mule:8081/edi/orders", 45_000, 1, 0, false),
            Self::MuleErp => of(Mule, Erp, "https://erp:44300/erp/idoc/inbound", 10_000, 3, 2_000, false),
            Self::ShippingCarrier => {
                of(Shipping, CarrierAdapter, "http://carrier-adapter:8080/parcels", 20_000, 1, 0, false)
            }
            Self::CarrierApi => of(
                CarrierAdapter,
                Carrier,
                "https://api.carrier.example.com/v2/parcels",
                5_000,
                3,
                1_000,
                true,
            ),
            Self::BillingPayment => {
                of(Billing, Payment, "http://payment-service:8080/captures", 10_000, 2, 500, false)
            }
            Self::NotifierRelay => {
                of(Notifier, MailRelay, "smtp://relay.example.com:587", 5_000, 2, 500, false)
            }
        }
    }

    /// The calls that a system makes.
    pub(super) fn of(from: Sys) -> impl Iterator<Item = Self> {
        use strum::IntoEnumIterator;
        Self::iter().filter(move |link| link.plan().from == from)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::EnumIter)]
pub(super) enum Queue {
    ErpOrders,
    BillingInvoices,
    Notifications,
    Deliveries,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct QueuePlan {
    pub name: &'static str,
    pub broker: Sys,
    pub consumer: Sys,
    /// Messages that are worked on at a time.
    pub consumers: u16,
    pub most_deliveries: u8,
    pub redelivery_ms: u32,
    /// A batch window: it opens every so many seconds and closes after so many; 0 for always open.
    pub window_every: u32,
    pub window_open: u32,
}

impl Queue {
    /// The queues that a system consumes.
    pub(super) fn of(consumer: Sys) -> impl Iterator<Item = Self> {
        use strum::IntoEnumIterator;
        Self::iter().filter(move |queue| queue.plan().consumer == consumer)
    }

    /// The queues that a system consumes or keeps.
    pub(super) fn touching(system: Sys) -> impl Iterator<Item = Self> {
        use strum::IntoEnumIterator;
        Self::iter().filter(move |queue| [queue.plan().consumer, queue.plan().broker].contains(&system))
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        use strum::IntoEnumIterator;
        Self::iter().find(|queue| queue.plan().name.eq_ignore_ascii_case(name.trim()))
    }

    pub(super) fn plan(self) -> QueuePlan {
        let of = |name, broker, consumer, consumers, most_deliveries, redelivery_ms| QueuePlan {
            name,
            broker,
            consumer,
            consumers,
            most_deliveries,
            redelivery_ms,
            window_every: 0,
            window_open: 0,
        };
        match self {
            Self::ErpOrders => of("erp.orders", Sys::Rabbit, Sys::Mule, 4, 3, 8_000),
            Self::BillingInvoices => QueuePlan {
                window_every: 120,
                window_open: 40,
                ..of("billing.invoices", Sys::Rabbit, Sys::Billing, 2, 3, 15_000)
            },
            Self::Notifications => of("notifications", Sys::Rabbit, Sys::Notifier, 2, 3, 8_000),
            Self::Deliveries => of("deliveries.v1", Sys::Kafka, Sys::Shipping, 3, 3, 5_000),
        }
    }
}

/// Work by the clock that holds connections of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::EnumIter)]
pub(super) enum Job {
    StockReconciliation,
    OrderArchive,
    DunningRun,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct JobPlan {
    pub name: &'static str,
    pub system: Sys,
    pub every_seconds: u32,
    pub lasts_seconds: u32,
    pub connections: u16,
}

impl Job {
    pub(super) fn plan(self) -> JobPlan {
        let of = |name, system, every_seconds, lasts_seconds, connections| JobPlan {
            name,
            system,
            every_seconds,
            lasts_seconds,
            connections,
        };
        match self {
            Self::StockReconciliation => of("stock-reconciliation", Sys::Inventory, 600, 20, 2),
            Self::OrderArchive => of("order-archive", Sys::Orders, 900, 15, 2),
            Self::DunningRun => of("dunning-run", Sys::Erp, 1_800, 30, 0),
        }
    }
}
