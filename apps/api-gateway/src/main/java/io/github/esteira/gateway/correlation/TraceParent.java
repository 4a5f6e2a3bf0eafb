package io.github.esteira.gateway.correlation;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * Reads the trace id of a W3C {@code traceparent} header. The header itself passes through
 * untouched: the gateway starts no span of its own.
 */
final class TraceParent {

	/** Later versions may append to what version 00 defines. */
	private static final Pattern WELL_FORMED = Pattern
		.compile("(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");

	private TraceParent() {
	}

	static Optional<String> traceId(@Nullable String header) {
		return Optional.ofNullable(header)
			.map(WELL_FORMED::matcher)
			.filter(Matcher::matches)
			.map(match -> match.group(1));
	}

}
