package io.github.esteira.gateway.correlation;

import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

import org.springframework.web.context.request.RequestAttributes;

/** The id under which one request is found in the logs of everyone who handled it. */
public final class RequestId {

	/** The header in which callers send it, and the gateway forwards and returns it. */
	public static final String HEADER = "X-Request-Id";

	private static final String ATTRIBUTE = RequestId.class.getName();

	private static final Pattern WELL_FORMED = Pattern.compile("[A-Za-z0-9._-]{8,64}");

	private RequestId() {
	}

	/** The id of a request; empty only where the correlation filter has not run. */
	public static Optional<String> of(HttpServletRequest request) {
		return Optional.ofNullable((String) request.getAttribute(ATTRIBUTE));
	}

	/** The id of a request; empty only where the correlation filter has not run. */
	public static Optional<String> of(RequestAttributes request) {
		return Optional.ofNullable((String) request.getAttribute(ATTRIBUTE, RequestAttributes.SCOPE_REQUEST));
	}

	/**
	 * Takes the caller's id if it is well-formed, else makes one: what goes into logs and headers
	 * must not be able to break either.
	 */
	static String assign(HttpServletRequest request) {
		String id = acceptable(request.getHeader(HEADER)).orElseGet(() -> UUID.randomUUID().toString());
		request.setAttribute(ATTRIBUTE, id);
		return id;
	}

	private static Optional<String> acceptable(@Nullable String sent) {
		return Optional.ofNullable(sent).filter(id -> WELL_FORMED.matcher(id).matches());
	}

}
