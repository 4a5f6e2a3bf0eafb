package io.github.esteira.gateway.experiment;

import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

import io.github.esteira.gateway.correlation.AccessLogFields;
import io.github.esteira.gateway.problem.Problem;
import jakarta.servlet.http.Cookie;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseCookie;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.function.HandlerFilterFunction;
import org.springframework.web.servlet.function.HandlerFunction;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * Gives each client one experiment key for good, so that an A/B test always shows it the same
 * variant; which variant a key means is decided behind the gateway.
 *
 * <p>The header wins over the cookie. A malformed header is refused, because a program that sends
 * one believes to be in an experiment; a malformed cookie is replaced, because a browser's user
 * could not mend it. The other cookies stay here: they are none of the inference service's business.
 *
 * <p>While an experiment runs, the access log tells the bucket of each request's key, so that what
 * the gateway saw of a variant, such as its answers' status, can be told from the log.
 */
@Component
public class ExperimentKeyFilter implements HandlerFilterFunction<ServerResponse, ServerResponse> {

	/** The header that carries the key, from the client and to the inference service. */
	public static final String HEADER = "X-Experiment-Key";

	/** The cookie that carries the key of clients which send no header. */
	public static final String COOKIE = "experiment_key";

	private static final Pattern WELL_FORMED = Pattern.compile("[A-Za-z0-9_-]{1,64}");

	private final ExperimentProperties properties;

	ExperimentKeyFilter(ExperimentProperties properties) {
		this.properties = properties;
	}

	@Override
	public ServerResponse filter(ServerRequest request, HandlerFunction<ServerResponse> next) throws Exception {
		Optional<String> known = fromHeader(request).or(() -> fromCookie(request));
		if (known.isPresent()) {
			return next.handle(withKey(request, known.get()));
		}
		String key = UUID.randomUUID().toString();
		ServerResponse answer = next.handle(withKey(request, key));
		answer.headers().add(HttpHeaders.SET_COOKIE, cookie(key));
		return answer;
	}

	private static Optional<String> fromHeader(ServerRequest request) {
		Optional<String> key = Optional.ofNullable(request.headers().firstHeader(HEADER));
		if (key.isPresent() && !wellFormed(key.get())) {
			throw new Problem(HttpStatus.BAD_REQUEST, "invalid-experiment-key",
					"The header " + HEADER + " must be 1 to 64 letters, digits, underscores or hyphens.");
		}
		return key;
	}

	private static Optional<String> fromCookie(ServerRequest request) {
		return Optional.ofNullable(request.cookies().getFirst(COOKIE))
			.map(Cookie::getValue)
			.filter(ExperimentKeyFilter::wellFormed);
	}

	private static boolean wellFormed(String key) {
		return WELL_FORMED.matcher(key).matches();
	}

	private ServerRequest withKey(ServerRequest request, String key) {
		if (!this.properties.salt().isEmpty()) {
			AccessLogFields.add(request.servletRequest(), "experiment.bucket",
					ExperimentBucket.of(this.properties.salt(), key));
		}
		return ServerRequest.from(request).headers(headers -> {
			headers.set(HEADER, key);
			headers.remove(HttpHeaders.COOKIE);
		}).build();
	}

	private String cookie(String key) {
		return ResponseCookie.from(COOKIE, key)
			.path("/")
			.httpOnly(true)
			.sameSite("Lax")
			.secure(this.properties.secureCookie())
			.maxAge(this.properties.cookieMaxAge())
			.build()
			.toString();
	}

}
