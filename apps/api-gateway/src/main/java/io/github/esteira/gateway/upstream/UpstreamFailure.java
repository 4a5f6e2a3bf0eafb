package io.github.esteira.gateway.upstream;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;

import io.github.esteira.gateway.problem.Problem;

import org.springframework.http.HttpStatus;
import org.springframework.web.client.ResourceAccessException;

/**
 * What a failed call to the inference service means to a client: 503 when the request was never
 * sent, so that sending it again is safe; 504 and 502 when it may have been processed.
 */
final class UpstreamFailure {

	private static final Duration TRY_AGAIN = Duration.ofSeconds(1);

	private UpstreamFailure() {
	}

	/** Whether no byte of the request can have reached the service, because no connection came about. */
	static boolean wasNeverSent(Throwable failure) {
		Throwable cause = failure.getCause();
		return failure instanceof ResourceAccessException && (cause instanceof ConnectException
				|| cause instanceof NoRouteToHostException || cause instanceof HttpConnectTimeoutException);
	}

	static Problem asProblem(ResourceAccessException failure) {
		if (wasNeverSent(failure)) {
			return new Problem(HttpStatus.SERVICE_UNAVAILABLE, "upstream-unreachable",
					"The inference service cannot be reached. The request was not processed and can be sent again.",
					failure)
				.retryAfter(TRY_AGAIN);
		}
		if (failure.getCause() instanceof HttpTimeoutException) {
			return timedOut(failure);
		}
		return brokeOff(failure);
	}

	static Problem timedOut(Throwable cause) {
		return new Problem(HttpStatus.GATEWAY_TIMEOUT, "upstream-timeout",
				"The inference service did not answer in time. The request may have been processed.", cause);
	}

	static Problem brokeOff(Throwable cause) {
		return new Problem(HttpStatus.BAD_GATEWAY, "upstream-broke-off",
				"The inference service broke off its answer. The request may have been processed.", cause);
	}

	static Problem badAnswer(String detail) {
		return new Problem(HttpStatus.BAD_GATEWAY, "upstream-bad-answer", detail);
	}

}
