package io.github.esteira.gateway.ratelimit;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.esteira.gateway.problem.Problem;

import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.function.HandlerFilterFunction;
import org.springframework.web.servlet.function.HandlerFunction;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * Refuses a client that asks too often, before its body is read.
 *
 * <p>Each instance counts for itself: a shared count would make a store part of every request, to
 * protect against a burst that is only as many times larger as there are instances.
 */
@Component
public class RateLimitFilter implements HandlerFilterFunction<ServerResponse, ServerResponse> {

	private final LoadingCache<String, Bucket> buckets;

	RateLimitFilter(RateLimitProperties properties) {
		this.buckets = Caffeine.newBuilder()
			.maximumSize(properties.maxClients())
			.expireAfterAccess(properties.period())
			.build(client -> newBucket(properties));
	}

	private static Bucket newBucket(RateLimitProperties properties) {
		return Bucket.builder()
			.addLimit(limit -> limit.capacity(properties.requests())
				.refillGreedy(properties.requests(), properties.period()))
			.build();
	}

	@Override
	public ServerResponse filter(ServerRequest request, HandlerFunction<ServerResponse> next) throws Exception {
		String client = ClientAddress.of(request.servletRequest().getRemoteAddr());
		ConsumptionProbe probe = this.buckets.get(client).tryConsumeAndReturnRemaining(1);
		if (!probe.isConsumed()) {
			throw new Problem(HttpStatus.TOO_MANY_REQUESTS, "rate-limited",
					"Too many requests from this address. Wait as long as Retry-After says.")
				.retryAfter(Duration.ofNanos(probe.getNanosToWaitForRefill()));
		}
		return next.handle(request);
	}

}
