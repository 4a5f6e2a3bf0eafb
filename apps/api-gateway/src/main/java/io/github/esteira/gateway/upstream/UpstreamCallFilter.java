package io.github.esteira.gateway.upstream;

import java.time.Duration;

import io.github.esteira.gateway.problem.Problem;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.retry.Retry;

import org.springframework.cloud.gateway.server.mvc.filter.BodyFilterFunctions;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.servlet.function.HandlerFilterFunction;
import org.springframework.web.servlet.function.HandlerFunction;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * Guards the call to the inference service by a circuit breaker, and tries again where that is safe.
 *
 * <p>Safe means that no connection came about. A POST that was sent may have been processed whatever
 * happened after, so it is never repeated, not even on a 503. The breaker counts a call once,
 * however many connections were tried.
 */
@Component
public class UpstreamCallFilter implements HandlerFilterFunction<ServerResponse, ServerResponse> {

	private final CircuitBreaker circuitBreaker;

	private final Retry retry;

	private final Duration openFor;

	UpstreamCallFilter(CircuitBreaker circuitBreaker, Retry retry, CircuitBreakerProperties properties) {
		this.circuitBreaker = circuitBreaker;
		this.retry = retry;
		this.openFor = properties.openFor();
	}

	@Override
	public ServerResponse filter(ServerRequest request, HandlerFunction<ServerResponse> next) throws Exception {
		try {
			return this.circuitBreaker.executeCallable(() -> this.retry.executeCallable(() -> attempt(request, next)));
		}
		catch (CallNotPermittedException open) {
			throw new Problem(HttpStatus.SERVICE_UNAVAILABLE, "circuit-open",
					"The inference service failed too often and is given a pause. The request was not processed.")
				.retryAfter(this.openFor);
		}
		catch (ResourceAccessException failure) {
			throw UpstreamFailure.asProblem(failure);
		}
	}

	/** Each attempt reads the kept body from its start. */
	private static ServerResponse attempt(ServerRequest request, HandlerFunction<ServerResponse> next)
			throws Exception {
		return next.handle(BodyFilterFunctions.adaptCachedBody().apply(request));
	}

}
