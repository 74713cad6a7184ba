public import CoreMetrics
internal import Synchronization

/// Keeps what swift-metrics is told and writes it in Prometheus's text format.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>
public final class PrometheusMetrics: MetricsFactory {
    private let series = Mutex<[String: Series]>([:])

    /// Metrics without a value yet.
    public init() {}

    /// Everything kept so far, one line for each series.
    public var text: String {
        let all = series.withLock { $0.values.sorted { $0.id < $1.id } }
        var named: Set<String> = []
        return all.map { series in
            let header = named.insert(series.name).inserted ? series.header : ""
            return header + series.lines
        }.joined()
    }

    private func series(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: Series.Kind
    ) -> Series {
        let new = Series(label: label, dimensions: dimensions, kind: kind)
        return series.withLock { all in
            if let known = all[new.id] { return known }
            all[new.id] = new
            return new
        }
    }

    /// A counter, `_total` behind its name.
    public func makeCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any CounterHandler {
        series(label, dimensions, .counter)
    }

    /// A recorder: count and sum where it aggregates, the last value where it does not.
    public func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        series(label, dimensions, aggregate ? .summary : .gauge)
    }

    /// A meter: a value that goes up and down.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge)
    }

    /// A timer: count and sum, in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .timer)
    }

    /// Counters are kept for ever.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Recorders are kept for ever.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Meters are kept for ever.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Timers are kept for ever.
    public func destroyTimer(_ handler: any TimerHandler) {}
}

/// One name with one set of dimensions.
final class Series: CounterHandler, RecorderHandler, MeterHandler, TimerHandler {
    enum Kind: Sendable { case counter, gauge, summary, timer }

    let name: String
    let id: String
    private let labels: String
    private let kind: Kind
    private let state = Mutex((count: 0, sum: 0.0))

    init(label: String, dimensions: [(String, String)], kind: Kind) {
        let plain = label.map { $0.isLetter || $0.isNumber ? $0 : "_" }
        name = String(plain) + (kind == .counter ? "_total" : kind == .timer ? "_seconds" : "")
        let pairs = dimensions.map { key, value in
            let key = String(key.map { $0.isLetter || $0.isNumber ? $0 : "_" })
            return "\(key)=\"\(value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
        }
        labels = pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
        id = name + labels
        self.kind = kind
    }

    var header: String {
        switch kind {
        case .counter: "# TYPE \(name) counter\n"
        case .gauge: "# TYPE \(name) gauge\n"
        case .summary, .timer: "# TYPE \(name) summary\n"
        }
    }

    var lines: String {
        let (count, sum) = state.withLock { $0 }
        switch kind {
        case .counter: return "\(name)\(labels) \(count)\n"
        case .gauge: return "\(name)\(labels) \(sum)\n"
        case .summary, .timer:
            return "\(name)_count\(labels) \(count)\n\(name)_sum\(labels) \(sum)\n"
        }
    }

    private func add(_ value: Double) {
        state.withLock { state in
            state.count += 1
            state.sum += value
        }
    }

    func increment(by amount: Int64) { state.withLock { $0.count += Int(amount) } }
    func reset() { state.withLock { $0 = (0, 0) } }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { kind == .gauge ? set(value) : add(value) }
    func recordNanoseconds(_ duration: Int64) { add(Double(duration) / 1e9) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0.sum = value } }
    func increment(by amount: Double) { state.withLock { $0.sum += amount } }
    func decrement(by amount: Double) { state.withLock { $0.sum -= amount } }
}
