package io.github.esteira.gateway.problem;

import java.net.URI;
import java.time.Duration;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.ErrorResponseException;

/**
 * An error answer by RFC 9457 that the gateway gives on its own account.
 *
 * <p>The {@code type} is what a client may program against; title and detail are for people and may
 * change. Whatever a client sent is never repeated in a detail, so that no answer can carry an
 * attacker's text.
 */
public final class Problem extends ErrorResponseException {

	private static final long serialVersionUID = 1L;

	private static final String TYPE_PREFIX = "urn:problem:api-gateway:";

	/**
	 * @param status the HTTP status of the answer
	 * @param type the last part of the problem's URN, such as {@code rate-limited}
	 * @param detail what went wrong and what the client can do about it
	 */
	public Problem(HttpStatus status, String type, String detail) {
		this(status, type, detail, null);
	}

	/** As above, for a failure whose cause belongs into the log, though not into the answer. */
	public Problem(HttpStatus status, String type, String detail, @Nullable Throwable cause) {
		super(status, cause);
		setType(URI.create(TYPE_PREFIX + type));
		setDetail(detail);
	}

	/** Adds the header that tells the client how long to wait, in whole seconds, never less than one. */
	public Problem retryAfter(Duration wait) {
		long seconds = Math.max(1, wait.plusNanos(999_999_999).toSeconds());
		getHeaders().set(HttpHeaders.RETRY_AFTER, Long.toString(seconds));
		return this;
	}

	/** Adds a header to the answer. */
	public Problem header(String name, String value) {
		getHeaders().set(name, value);
		return this;
	}

	/** Adds a JSON pointer to the offending place of the body, in its URI fragment form. */
	public Problem pointer(String pointer) {
		getBody().setProperty("pointer", "#" + pointer);
		return this;
	}

}
