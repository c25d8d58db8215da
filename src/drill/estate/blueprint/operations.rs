//! What systems do: operations with their steps and what they say in the log, and the kinds of flow that begin with one.

use super::{Link, Queue, Sys};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::drill::estate) enum Op {
    WebOrder,
    PartnerOrder,
    EdiOrder,
    StockReservation,
    InvoiceDue,
    CreateOrder,
    CreatePartnerOrder,
    Price,
    Reserve,
    ReserveRows,
    Authorise,
    Capture,
    AcquirerAuthorise,
    AcquirerCapture,
    OrderToErp,
    PartnerOrderToErp,
    EdiToErp,
    PostOrder,
    PlanDelivery,
    BookParcel,
    CarrierBook,
    CreateInvoice,
    SendMail,
    Relay,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::drill::estate) enum Step {
    Call(Link, Op),
    Publish(Queue, Op),
}

#[derive(Clone, Copy, Debug)]
pub(in crate::drill::estate) struct OpPlan {
    pub system: Sys,
    /// As a span or a route names it.
    pub name: &'static str,
    pub took_ms: f64,
    /// Whether it holds a connection of the system's pool all the time.
    pub uses_pool: bool,
    /// What a miss of the system's cache adds; 0 for an operation without the cache.
    pub miss_ms: f64,
    pub steps: &'static [Step],
    /// What the log says at the beginning, at a good end and at a bad one; `{no}` is the business number, `{why}` the trouble.
    pub begins: &'static str,
    pub ends: &'static str,
    pub fails: &'static str,
    /// The logger, class or file that says it.
    pub logger: &'static str,
}

/// A kind of flow.
#[derive(Clone, Copy, Debug)]
pub(in crate::drill::estate) struct KindPlan {
    pub name: &'static str,
    pub entry: Op,
    /// The operation whose good end completes the flow.
    pub terminal: Op,
    /// Two letters before the business number.
    pub prefix: &'static str,
    pub per_minute: f64,
    /// What it usually takes at most; far later than this is late.
    pub usual_seconds: u32,
}

pub(in crate::drill::estate) static KINDS: [KindPlan; 5] = [
    KindPlan {
        name: "web-order",
        entry: Op::WebOrder,
        terminal: Op::SendMail,
        prefix: "SO",
        per_minute: 14.0,
        usual_seconds: 3,
    },
    KindPlan {
        name: "partner-order",
        entry: Op::PartnerOrder,
        terminal: Op::PartnerOrderToErp,
        prefix: "PO",
        per_minute: 9.0,
        usual_seconds: 3,
    },
    KindPlan {
        name: "edi-order",
        entry: Op::EdiOrder,
        terminal: Op::EdiOrder,
        prefix: "EO",
        per_minute: 6.0,
        usual_seconds: 2,
    },
    KindPlan {
        name: "stock-reservation",
        entry: Op::StockReservation,
        terminal: Op::StockReservation,
        prefix: "RV",
        per_minute: 8.0,
        usual_seconds: 1,
    },
    KindPlan {
        name: "invoice",
        entry: Op::InvoiceDue,
        terminal: Op::SendMail,
        prefix: "IN",
        per_minute: 5.0,
        usual_seconds: 150,
    },
];

const BASE: OpPlan = OpPlan {
    system: Sys::Edge,
    name: "",
    took_ms: 1.0,
    uses_pool: false,
    miss_ms: 0.0,
    steps: &[],
    begins: "",
    ends: "",
    fails: "",
    logger: "",
};

impl Op {
    pub(in crate::drill::estate) fn plan(self) -> &'static OpPlan {
        &OPERATIONS[self as usize]
    }
}

/// In the order of [`Op`].
static OPERATIONS: [OpPlan; 24] = [
    OpPlan {
        system: Sys::Edge,
        name: "POST /v1/orders",
        steps: &[Step::Call(Link::EdgeOrders, Op::CreateOrder)],
        ..BASE
    },
    OpPlan {
        system: Sys::Kong,
        name: "POST /partner/v2/orders",
        steps: &[Step::Call(Link::KongOrders, Op::CreatePartnerOrder)],
        ..BASE
    },
    OpPlan {
        system: Sys::EdiGateway,
        name: "ORDERS",
        took_ms: 30.0,
        steps: &[Step::Call(Link::EdiMule, Op::EdiToErp)],
        begins: "AS2 interchange received and mapped to canonical order",
        ends: "Order response sent",
        fails: "No order response from orders-sys-api: {why}",
        ..BASE
    },
    OpPlan {
        system: Sys::Kong,
        name: "PUT /v1/reservations",
        steps: &[Step::Call(Link::KongInventory, Op::Reserve)],
        ..BASE
    },
    OpPlan {
        system: Sys::Erp,
        name: "INVOIC",
        took_ms: 40.0,
        steps: &[Step::Publish(Queue::BillingInvoices, Op::CreateInvoice)],
        begins: "Billing due list: item selected",
        ends: "Data passed to port OK",
        fails: "Item not passed to port: {why}",
        ..BASE
    },
    OpPlan {
        system: Sys::Orders,
        name: "POST /orders",
        took_ms: 14.0,
        uses_pool: true,
        steps: &[
            Step::Call(Link::OrdersPricing, Op::Price),
            Step::Call(Link::OrdersInventory, Op::Reserve),
            Step::Call(Link::OrdersPayment, Op::Authorise),
            Step::Publish(Queue::ErpOrders, Op::OrderToErp),
        ],
        begins: "Order {no} received, {positions} positions",
        ends: "Order {no} confirmed, order.created published",
        fails: "Order {no} failed: {why}",
        logger: "c.e.orders.OrderController",
        ..BASE
    },
    OpPlan {
        system: Sys::Orders,
        name: "POST /partner/orders",
        took_ms: 14.0,
        uses_pool: true,
        steps: &[
            Step::Call(Link::OrdersPricing, Op::Price),
            Step::Call(Link::OrdersInventory, Op::Reserve),
            Step::Publish(Queue::ErpOrders, Op::PartnerOrderToErp),
        ],
        begins: "Partner order {no} received, {positions} positions",
        ends: "Partner order {no} confirmed, order.created published",
        fails: "Partner order {no} failed: {why}",
        logger: "c.e.orders.PartnerController",
        ..BASE
    },
    OpPlan {
        system: Sys::Pricing,
        name: "POST /price",
        took_ms: 6.0,
        uses_pool: true,
        miss_ms: 260.0,
        ends: "Priced {positions} positions in {ms} ms",
        fails: "Pricing failed: {why}",
        logger: "Pricing.Api.QuoteController",
        ..BASE
    },
    OpPlan {
        system: Sys::Inventory,
        name: "POST /reservations",
        took_ms: 9.0,
        uses_pool: true,
        miss_ms: 120.0,
        steps: &[Step::Call(Link::InventoryDatabase, Op::ReserveRows)],
        begins: "Reserve {positions} positions for {no}",
        ends: "Reserved {positions} positions for {no}",
        fails: "Reservation for {no} failed: {why}",
        logger: "com.example.inventory.ReservationController",
    },
    OpPlan { system: Sys::InventoryDb, name: "UPDATE stock", took_ms: 8.0, ..BASE },
    OpPlan {
        system: Sys::Payment,
        name: "POST /authorisations",
        took_ms: 8.0,
        steps: &[Step::Call(Link::PaymentAcquirer, Op::AcquirerAuthorise)],
        begins: "authorise {amount} EUR for {no}",
        ends: "authorised {amount} EUR for {no}",
        fails: "authorisation of {no} failed: {why}",
        logger: "authorise",
        ..BASE
    },
    OpPlan {
        system: Sys::Payment,
        name: "POST /captures",
        took_ms: 8.0,
        steps: &[Step::Call(Link::PaymentAcquirer, Op::AcquirerCapture)],
        begins: "capture {amount} EUR for {no}",
        ends: "captured {amount} EUR for {no}",
        fails: "capture of {no} failed: {why}",
        logger: "capture",
        ..BASE
    },
    OpPlan { system: Sys::Acquirer, name: "POST /v3/authorisations", took_ms: 90.0, ..BASE },
    OpPlan { system: Sys::Acquirer, name: "POST /v3/captures", took_ms: 80.0, ..BASE },
    OpPlan {
        system: Sys::Mule,
        name: "order-to-erp",
        took_ms: 24.0,
        steps: &[
            Step::Call(Link::MuleErp, Op::PostOrder),
            Step::Publish(Queue::Deliveries, Op::PlanDelivery),
        ],
        begins: "Start ORDERS for {no}",
        ends: "ORDERS for {no} posted in ERP, delivery requested",
        fails: "ORDERS for {no} not posted: {why}",
        logger: "order-to-erp",
        ..BASE
    },
    OpPlan {
        system: Sys::Mule,
        name: "partner-order-to-erp",
        took_ms: 24.0,
        steps: &[Step::Call(Link::MuleErp, Op::PostOrder)],
        begins: "Start partner ORDERS for {no}",
        ends: "Partner ORDERS for {no} posted in ERP",
        fails: "Partner ORDERS for {no} not posted: {why}",
        logger: "partner-order-to-erp",
        ..BASE
    },
    OpPlan {
        system: Sys::Mule,
        name: "edi-to-erp",
        took_ms: 28.0,
        steps: &[Step::Call(Link::MuleErp, Op::PostOrder)],
        begins: "Start EDI ORDERS for {no}",
        ends: "EDI ORDERS for {no} posted in ERP",
        fails: "EDI ORDERS for {no} not posted: {why}",
        logger: "edi-to-erp",
        ..BASE
    },
    OpPlan {
        system: Sys::Erp,
        name: "ORDERS",
        took_ms: 280.0,
        begins: "IDoc ready to be transferred to application",
        ends: "Application document posted",
        fails: "Application document not posted: {why}",
        ..BASE
    },
    OpPlan {
        system: Sys::Shipping,
        name: "deliveries.v1 process",
        took_ms: 18.0,
        steps: &[
            Step::Call(Link::ShippingCarrier, Op::BookParcel),
            Step::Publish(Queue::Notifications, Op::SendMail),
        ],
        begins: "delivery for {no} planned",
        ends: "delivery for {no} handed over, label printed",
        fails: "delivery for {no} not handed over: {why}",
        logger: "plan/consume.go:58",
        ..BASE
    },
    OpPlan {
        system: Sys::CarrierAdapter,
        name: "POST /parcels",
        took_ms: 8.0,
        steps: &[Step::Call(Link::CarrierApi, Op::CarrierBook)],
        begins: "booking parcel with carrier",
        ends: "carrier booked the parcel",
        fails: "parcel not booked: {why}",
        logger: "client/book.go:71",
        ..BASE
    },
    OpPlan { system: Sys::Carrier, name: "POST /v2/parcels", took_ms: 160.0, ..BASE },
    OpPlan {
        system: Sys::Billing,
        name: "invoice-run item",
        took_ms: 60.0,
        uses_pool: true,
        steps: &[
            Step::Call(Link::BillingPayment, Op::Capture),
            Step::Publish(Queue::Notifications, Op::SendMail),
        ],
        begins: "Invoice {no} of the run taken up, {amount} EUR",
        ends: "Invoice {no} created and captured",
        fails: "Invoice {no} not created: {why}",
        logger: "com.example.billing.InvoiceRun",
        ..BASE
    },
    OpPlan {
        system: Sys::Notifier,
        name: "mail",
        took_ms: 30.0,
        steps: &[Step::Call(Link::NotifierRelay, Op::Relay)],
        ends: "mail: confirmation for {no} handed to relay",
        fails: "mail: confirmation for {no} not sent: {why}",
        logger: "mail",
        ..BASE
    },
    OpPlan { system: Sys::MailRelay, name: "SMTP", took_ms: 25.0, ..BASE },
];
