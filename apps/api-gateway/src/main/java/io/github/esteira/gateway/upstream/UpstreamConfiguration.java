package io.github.esteira.gateway.upstream;

import java.net.http.HttpClient;
import java.util.concurrent.Executors;

import io.github.esteira.gateway.problem.Problem;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.micrometer.tagged.TaggedCircuitBreakerMetrics;
import io.github.resilience4j.micrometer.tagged.TaggedRetryMetrics;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import io.github.resilience4j.retry.RetryRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ClientHttpRequestFactory;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.servlet.function.ServerResponse;

/** The parts of the call to the inference service, each with its metrics. */
@Configuration(proxyBeanMethods = false)
class UpstreamConfiguration {

	private static final Logger log = LoggerFactory.getLogger(UpstreamConfiguration.class);

	private static final String INSTANCE = "inference-service";

	/**
	 * Uvicorn closes a connection that was idle for 5 seconds, and a POST that meets a closing
	 * connection is lost, so the gateway must be the first to let go. The JDK's client takes this from
	 * a system property alone, in seconds, when it is first loaded.
	 */
	static {
		System.getProperties().putIfAbsent("jdk.httpclient.keepalive.timeout", "4");
	}

	/**
	 * HTTP/1.1 only, because the attempt to upgrade costs a header on every call and Uvicorn warns
	 * about each; no redirects, because a proxy passes them on.
	 */
	@Bean(destroyMethod = "shutdownNow")
	HttpClient upstreamClient(UpstreamProperties properties) {
		return HttpClient.newBuilder()
			.version(HttpClient.Version.HTTP_1_1)
			.followRedirects(HttpClient.Redirect.NEVER)
			.connectTimeout(properties.connectTimeout())
			.executor(Executors.newVirtualThreadPerTaskExecutor())
			.build();
	}

	/** Compression is between the client and the service: the gateway must not undo it. */
	@Bean
	ClientHttpRequestFactory upstreamRequestFactory(HttpClient client, UpstreamProperties properties) {
		var factory = new JdkClientHttpRequestFactory(client, client.executor().orElseThrow());
		factory.setReadTimeout(properties.responseTimeout());
		factory.enableCompression(false);
		return factory;
	}

	/** Counts what the inference service does, never what the gateway or a client got wrong. */
	@Bean
	CircuitBreakerRegistry circuitBreakerRegistry(CircuitBreakerProperties properties) {
		return CircuitBreakerRegistry.of(CircuitBreakerConfig.custom()
			.slidingWindowSize(properties.window())
			.minimumNumberOfCalls(properties.window())
			.failureRateThreshold(properties.failureRate())
			.waitDurationInOpenState(properties.openFor())
			.permittedNumberOfCallsInHalfOpenState(properties.trialCalls())
			.recordExceptions(ResourceAccessException.class, Problem.class)
			.recordResult(answer -> answer instanceof ServerResponse response && response.statusCode().is5xxServerError())
			.build());
	}

	@Bean
	CircuitBreaker circuitBreaker(CircuitBreakerRegistry registry) {
		CircuitBreaker breaker = registry.circuitBreaker(INSTANCE);
		breaker.getEventPublisher().onStateTransition(event -> log.warn("Circuit to the inference service: {}",
				event.getStateTransition()));
		return breaker;
	}

	@Bean
	RetryRegistry retryRegistry(UpstreamProperties properties) {
		return RetryRegistry.of(RetryConfig.custom()
			.maxAttempts(properties.connectAttempts())
			.intervalFunction(IntervalFunction.ofExponentialRandomBackoff(50, 2.0))
			.retryOnException(UpstreamFailure::wasNeverSent)
			.build());
	}

	@Bean
	Retry retry(RetryRegistry registry) {
		return registry.retry(INSTANCE);
	}

	@Bean
	MeterBinder circuitBreakerMetrics(CircuitBreakerRegistry registry) {
		return TaggedCircuitBreakerMetrics.ofCircuitBreakerRegistry(registry);
	}

	@Bean
	MeterBinder retryMetrics(RetryRegistry registry) {
		return TaggedRetryMetrics.ofRetryRegistry(registry);
	}

}
